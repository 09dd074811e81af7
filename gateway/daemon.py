"""One daemon from start to stop: opened in order, reloaded at a signal, drained at the end."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from config.errors import ConfigurationError
from config.load import load_partners, load_settings
from config.partner_set import Partners
from config.secret_files import credential
from config.settings import FeedListener, NcipListener, PagesListener, Settings, Sip2Listener
from gateway import policies
from gateway.application import Register, open_register
from gateway.bridge import Listening, listen
from gateway.capture_files import DIRECTORY as CAPTURES
from gateway.captures import Captures
from gateway.chores import Chore, Chores
from gateway.clock import SystemClock
from gateway.delivery.feed_site import FeedSite
from gateway.delivery.running import Delivering
from gateway.lifecycle import ServiceManager, Watchdog
from gateway.listening import KeepAlive
from gateway.metering import DatabaseMeter
from gateway.ncip.door import Entrance as NcipEntrance
from gateway.ncip.door import NcipDoor
from gateway.ncip.enrolment import endpoints_of, initiators_of, peers_of
from gateway.ncip.ils_client import IlsClients
from gateway.ncip.lines import line_of
from gateway.observability.health import http_site
from gateway.observability.lag import LagSampler
from gateway.observability.logs import Logs
from gateway.observability.metrics import Metrics
from gateway.partners.publication import publication_of
from gateway.post.postman import Postman
from gateway.post.running import LOOKED_AFTER_EVERY, postman_of
from gateway.self_test import self_test
from gateway.sip2.enrolment import terminals_of
from gateway.sip2.listener import Entrance, Sip2Door
from gateway.tls import CertificateRefusedError, ServerTls, server_context
from gateway.trials import DIRECTORY as TRIALS
from gateway.trials import Trials
from gateway.upkeep import upkeep
from gateway.witness import MeteringWitness
from registry.credentials.keys import Key
from registry.domain.events import Event
from registry.services.ports import RulesTextChangedError

if TYPE_CHECKING:
    from gateway.web.site import PagesSite


class Daemon:
    """The running gateway: its register, its SIP2 door, its metrics and health, its chores."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        partners: Partners,
        *,
        metrics: Metrics,
        logs: Logs,
        end: Callable[[Exception], object] = lambda _: None,
    ) -> None:
        """Prepare to serve what ``settings`` (read from ``path``) and ``partners`` say; nothing is opened yet.

        ``end`` is called with what makes going on impossible.
        """
        self._path = path
        self._settings = settings
        self._partners = partners
        self._metrics = metrics
        self._log = logs.log
        self._logs = logs
        self._clock = SystemClock()
        self._manager = ServiceManager.from_environment()
        self._chores = Chores(self._log)
        self._lag = LagSampler(metrics.reactor_lag)
        self._exit = contextlib.AsyncExitStack()
        self._listening: list[Listening] = []
        self._tls: dict[str, ServerTls] = {}
        self._end = end
        self._draining = False
        self._pages: PagesSite | None = None
        self._postman: Postman | None = None
        self.addresses: dict[str, tuple[str, int]] = {}

    async def start(self) -> None:
        """Open everything, the kiosks' listeners last; raises what keeps the daemon from serving.

        Nothing stays open after a failure.
        """
        self._log.event("daemon_starting")
        async with contextlib.AsyncExitStack() as opening:
            register = await opening.enter_async_context(
                open_register(
                    self._settings,
                    self._clock,
                    MeteringWitness(self._metrics, self._log),
                    meter=DatabaseMeter(self._metrics),
                )
            )
            generation = await register.libraries.publish(publication_of(self._partners))
            self._tell_published(generation)
            # Before the first kiosk: until it is known who is commissioned, nobody is.
            await register.commissions.load()
            self._register = register
            self._door = self._open_door(register)
            self._ncip = self._open_ncip_door(register, opening)
            self._delivering = self._open_delivering(register, opening)
            self._postman = postman_of(
                self._settings, register, clock=self._clock, metrics=self._metrics, log=self._log
            )
            await self_test(self._settings, register, self._metrics, self._log)
            await self._listen_http(opening)
            opening.push_async_callback(self._close_listeners)
            for told in self._settings.listeners.sip2:
                await self._listen_sip2(told)
            for ncip in self._settings.listeners.ncip:
                await self._listen(self._ncip_entrance(ncip), ncip)
            if self._settings.listeners.feed is not None:
                feed = self._settings.listeners.feed
                await self._listen(self._delivering.feed_site(feed), feed)
            if self._settings.listeners.pages is not None:
                await self._listen_pages(register, self._settings.listeners.pages)
            self._begin(register)
            opening.push_async_callback(self._chores.stop)
            self._watch_captures(register, opening)
            self._watch_trials()
            self._exit = opening.pop_all()
        self._metrics.config_last_reload_successful.set(1)
        self._metrics.config_last_reload_success.set(time.time())
        self._manager.ready(f"{len(self._listening)} listeners")
        self._log.event("daemon_ready", listeners=len(self._listening))

    async def reload(self) -> bool:
        """Read the files again and put them into force, all or nothing; return whether it was done."""
        self._manager.reloading()
        try:
            await self._reload()
        except (ConfigurationError, RulesTextChangedError, CertificateRefusedError) as wrong:
            self._tell_failed_reload(wrong)
            return False
        finally:
            self._manager.ready()
        self._metrics.config_last_reload_successful.set(1)
        self._metrics.config_last_reload_success.set(time.time())
        return True

    async def _reload(self) -> None:
        settings = load_settings(self._path)
        partners = load_partners(settings)
        terminals = terminals_of(partners, settings)
        carriers = self._delivering.read(partners, settings)
        for tls in self._tls.values():
            tls.reload()
        generation = await self._register.libraries.publish(publication_of(partners))
        self._partners = partners
        for system in partners.library_systems:
            self._metrics.add_peer(system)
        self._door.take(terminals)
        for peer in peers_of(partners):
            self._metrics.add_peer(peer)
        self._ncip.take(initiators_of(partners), endpoints_of(partners, settings))
        self._delivering.take(carriers, partners)
        self._logs.set_level(settings.log.level)
        self._tell_certificates()
        self._tell_published(generation)
        waiting = _changed_sections(self._settings, settings)
        if waiting:
            self._log.event("restart_needed", sections=" ".join(waiting))
        self._log.event("reload_succeeded", generation=generation)

    async def stop(self) -> None:
        """Take no more, let answers under way be given, close everything; within the time of the settings."""
        self._draining = True
        self._manager.stopping()
        budgets = self._settings.budgets
        self._log.event("daemon_stopping", open_connections=self._door.connections + self._ncip.connections)
        for listening in self._listening:
            listening.stop_accepting()
        began = time.monotonic()
        doors = (self._door, self._ncip, *((self._pages,) if self._pages else ()))
        await asyncio.gather(
            *(door.drain(budgets.drain, lambda: time.monotonic() - began) for door in doors),
            self._delivering.stop(budgets.drain),
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(budgets.drain_hard - (time.monotonic() - began), 0.1)):
                await self._exit.aclose()
        self._log.event("daemon_stopped")

    # Opening.

    def _open_door(self, register: Register) -> Sip2Door:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return Sip2Door(
            register.door,
            terminals_of(self._partners, self._settings),
            register.machine_secrets,
            clock=self._clock,
            rules=policies.door_rules(self._settings, descriptors),
            metrics=self._metrics,
            log=self._log,
            consent=register.activation,
            pages=None if self._settings.listeners.pages is None else self._settings.listeners.pages.public_url,
            # Made after the door; nobody asks before both are there.
            waiting=lambda unit: self._delivering.words_for(unit),
        )

    def _open_ncip_door(self, register: Register, opening: contextlib.AsyncExitStack) -> NcipDoor:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        clients = IlsClients(clock=self._clock.monotonic, meter=self._metrics.upstream, log=self._log)
        opening.callback(clients.close)
        return NcipDoor(
            register.initiators,
            initiators_of(self._partners),
            endpoints_of(self._partners, self._settings),
            register.machine_secrets,
            clients.forward,
            clock=self._clock,
            rules=policies.ncip_door_rules(self._settings, descriptors),
            metrics=self._metrics,
            log=self._log,
        )

    def _open_delivering(self, register: Register, opening: contextlib.AsyncExitStack) -> Delivering:
        delivering = Delivering(
            register, self._partners, self._settings, clock=self._clock, metrics=self._metrics, log=self._log
        )
        opening.push_async_callback(delivering.stop, 0.0)
        return delivering

    async def _listen_http(self, opening: contextlib.AsyncExitStack) -> None:
        from twisted.internet import reactor

        told = self._settings.listeners.http
        site = http_site(
            self._metrics,
            {
                "database": self._takes_writes,
                "listeners": self._has_listeners,
                "serving": self._is_serving,
            },
        )
        port: Any = cast(Any, reactor).listenTCP(told.port, site, interface=told.host)
        opening.push_async_callback(_stop_port, port)
        self.addresses["http"] = (told.host, port.getHost().port)
        self._log.event("listener_open", listener="http", address=f"{told.host}:{port.getHost().port}")

    async def _listen_sip2(self, told: Sip2Listener) -> None:
        meter = self._metrics.listener(told.name, encrypted=told.tls is not None)
        entrance = Entrance(self._door, name=told.name, dialect=told.dialect, networks=told.networks, meter=meter)
        await self._listen(entrance, told)

    def _ncip_entrance(self, told: NcipListener) -> NcipEntrance:
        meter = self._metrics.listener(told.name, encrypted=told.tls is not None)
        path = told.path.encode() if told.transport == "http" else None
        return NcipEntrance(self._ncip, name=told.name, networks=told.networks, meter=meter, line=line_of(path))

    async def _listen_pages(self, register: Register, told: PagesListener) -> None:
        # Klein imports the reactor, which is ours by now.
        from gateway.web.site import pages_site

        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._pages = pages_site(
            register.portal,
            # Of its own by its purpose: every worker has the log's key, and so the same of this.
            key=Key(Key(credential(self._settings, "log_key")).mac(b"portvakt pages")),
            rules=policies.pages_rules(self._settings, told, descriptors),
            clock=self._clock,
            metrics=self._metrics,
            log=self._log,
            meter=self._metrics.listener(told.name, encrypted=told.tls is not None),
            waiting=self._delivering.words_for,
        )
        await self._listen(self._pages, told)

    async def _listen(
        self,
        entrance: Entrance | NcipEntrance | PagesSite | FeedSite,
        told: Sip2Listener | NcipListener | PagesListener | FeedListener,
    ) -> None:
        limits, encrypted, meter = self._settings.limits, told.tls is not None, entrance.meter
        if told.tls is not None:
            self._tls[told.name] = server_context(
                told.tls.certificate, told.tls.key, told.tls.client_ca, oldest=_OLDEST[told.tls.minimum_version]
            )
        listening = await listen(
            entrance,
            told.host,
            told.port,
            ssl_context=self._tls[told.name].current if encrypted else None,
            handshake_timeout=self._settings.budgets.tls_handshake,
            handshakes_at_once=limits.tls_handshakes,
            on_handshake=meter.handshake,
            keep_alive=KeepAlive(
                limits.keepalive_idle, limits.keepalive_interval, limits.keepalive_probes, int(limits.user_timeout)
            ),
        )
        self._listening.append(listening)
        port = listening.addresses[0].port
        self.addresses[told.name] = (told.host, port)
        self._log.event("listener_open", listener=told.name, address=f"{told.host}:{port}", encrypted=encrypted)
        if told.plaintext == "allowed" and not encrypted:
            self._log.event("plaintext_listener", listener=told.name, address=f"{told.host}:{port}")

    def _begin(self, register: Register) -> None:
        self._tell_certificates()
        self._door.start()
        self._ncip.start()
        self._delivering.start()
        self._lag.start()
        watchdog = Watchdog(self._manager, register.database.signal.is_trustworthy)
        watchdog.start()
        self._exit.callback(watchdog.stop)
        self._chores.start(*upkeep(self._settings, register, self._metrics, self._log, self._clock, self._end))
        self._chores.start(*self._delivering.chores())
        if self._postman is not None:
            self._chores.start(Chore("mail", LOOKED_AFTER_EVERY, self._postman.look))
        self._chores.start(Chore("agreements", timedelta(days=1).total_seconds(), self._tell_agreements))

    def _watch_captures(self, register: Register, opening: contextlib.AsyncExitStack) -> None:
        async def audit(event: Event) -> None:
            async with register.database.unit_of_work() as work:
                await work.audit.append(event)

        directory = self._settings.state.directory / CAPTURES
        captures = Captures(directory, self._door, clock=self._clock, log=self._log, audit=audit)
        captures.open()
        self._chores.start(Chore("captures", 0.5, captures.look))
        opening.push_async_callback(captures.close)

    def _watch_trials(self) -> None:
        trials = Trials(self._settings.state.directory / TRIALS, self._door)
        trials.open()
        self._chores.start(Chore("trials", 0.5, trials.look))

    async def _close_listeners(self) -> None:
        self._door.stop()
        self._ncip.stop()
        self._lag.stop()
        for listening in self._listening:
            await listening.close()

    # Health.

    async def _takes_writes(self) -> bool:
        with DatabaseMeter(self._metrics).measured("probe"):
            await self._register.database.probe()
        return True

    async def _has_listeners(self) -> bool:
        return len(self._listening) == len(self._settings.listeners.named)

    async def _is_serving(self) -> bool:
        return not self._draining

    # Telling.

    def _tell_published(self, generation: int) -> None:
        places, terminals = len(self._partners.institutions), len(self._partners.terminals)
        self._log.event("partners_published", generation=generation, institutions=places, terminals=terminals)

    def _tell_certificates(self) -> None:
        for name, tls in self._tls.items():
            self._metrics.tls_certificate_not_after.of(name).set(tls.not_after)
            self._log.event("certificate_loaded", listener=name, not_after=int(tls.not_after))

    def _tell_failed_reload(self, wrong: Exception) -> None:
        self._metrics.config_last_reload_successful.set(0)
        problems = wrong.problems if isinstance(wrong, ConfigurationError) else ()
        for problem in problems:
            self._log.event("reload_failed", file=problem.file, line=problem.line, key=problem.key)
        if not problems:
            key = wrong.what if isinstance(wrong, RulesTextChangedError) else None
            self._log.event("reload_failed", reason=type(wrong).__name__, key=key)

    async def _tell_agreements(self) -> None:
        today = self._clock.today()
        for unit in self._partners.lending_units.values():
            days = (unit.agreement.valid_until - today).days if unit.agreement else None
            if days in _ANNOUNCED:
                self._log.event("agreement_expiring", unit=unit.id, days=days)


_OLDEST = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

# An expiring agreement is told of this many days before: a month or two is what a new one takes.
_ANNOUNCED = frozenset({60, 30, 7})


async def _stop_port(port: Any) -> None:
    from twisted.internet.defer import maybeDeferred

    stopped: asyncio.Future[None] = maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())
    await stopped


def _changed_sections(old: Settings, new: Settings) -> list[str]:
    """Return the sections that only a restart puts into force."""
    taken = {"log", "partners"}
    return [name for name in type(old).model_fields if name not in taken and getattr(old, name) != getattr(new, name)]
