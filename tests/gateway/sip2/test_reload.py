"""Reading the files again: all or nothing, and no kiosk that may stay notices."""

from __future__ import annotations

import pytest

from protocols import sip2
from registry.domain.institution import LendingUnitId
from tests.gateway.worlds import Served, World, running, until

STORBYEN_1 = 'id = "storbyen-1"\n'


async def in_force(served: Served) -> float:
    return served.counted("config_last_reload_successful")


async def test_the_open_connection_of_a_removed_terminal_is_closed_and_no_other(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as removed, served.kiosk("storbyen-door") as other, served.kiosk() as nobody:
        await until(lambda: served.door.connections == 3)
        text = world.partners.read_text("utf-8")
        begin = text.index("[[terminals]]")
        end = text.index("[[terminals]]", begin + 1)
        world.partners.write_text(text[:begin] + text[end:], "utf-8")
        assert await served.daemon.reload()
        assert await removed.is_closed()
        assert await other.works()
        assert await nobody.log_in("storbyen-1") == "0"
        assert await nobody.log_in("film-1") == "1"
    assert served.counted("connections_closed_total", listener="sip2", reason="revoked") == 1
    assert await in_force(served) == 1


@pytest.mark.parametrize(
    "change",
    [
        ('login = "storbyen-1"', 'login = "storbyen-9"'),
        (STORBYEN_1, 'id = "storbyen-9"\n'),
        ('networks = ["127.0.0.0/8", "::1/128"]', 'networks = ["127.0.0.0/8"]'),
    ],
    ids=["login", "id", "networks"],
)
async def test_a_terminal_that_must_prove_itself_anew_is_closed(
    world: World, served: Served, change: tuple[str, str]
) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        world.rewrite_partners(change)
        assert await served.daemon.reload()
        assert await kiosk.is_closed()


async def test_a_changed_password_closes_the_terminal_and_the_old_one_is_refused(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        text = world.partners.read_text("utf-8")
        hashes = [line for line in text.splitlines() if line.startswith("secret = ")]
        world.rewrite_partners((hashes[0], hashes[1]))
        assert await served.daemon.reload()
        assert await kiosk.is_closed()
    async with served.kiosk() as kiosk:
        assert await kiosk.log_in("storbyen-1") == "0"
        assert await kiosk.log_in("storbyen-1", "demo-fjordby") == "1"


async def test_a_changed_dialect_is_spoken_from_the_next_answer_on(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert await kiosk.works()
        world.rewrite_partners(('[dialects.utf8]\nencoding = "utf-8"', '[dialects.utf8]\nencoding = "iso-8859-1"'))
        assert await served.daemon.reload()
        asked = b"63012" + b" " * 28 + b"AO|AAN001000002|AD5926|"
        assert "Hætta".encode("latin-1") in await kiosk.say(asked)


async def test_a_class_that_was_changed_counts_from_the_next_question_on(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status("N001000001", "4817")).valid_patron == "Y"
        world.rewrite_partners(
            ('class = "kiosk"\nlogin = "storbyen-1"', 'class = "pc"\nlogin = "storbyen-1"'),
            # Only kiosks take the acceptance of rules.
            ('consent_channels = ["kiosk", ', "consent_channels = ["),
        )
        assert await served.daemon.reload()
        assert (await kiosk.status("N001000001", "4817")).valid_patron == "N"


async def test_an_agreement_that_is_taken_away_ends_every_answer_at_once(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status("N001000002", "5926")).valid_patron_password == "Y"
        world.rewrite_partners(
            ("valid_from = 2026-01-01\nvalid_until = 2099-12-31", "valid_from = 2020-01-01\nvalid_until = 2020-12-31")
        )
        assert await served.daemon.reload()
        answer = await kiosk.status("N001000002", "5926")
        assert (answer.valid_patron, answer.valid_patron_password, answer.personal_name) == ("Y", "N", "")
        assert answer.screen_messages[0].startswith("Nasjonale lånekort kan ikke brukes her")


async def test_an_agreement_that_begins_lets_its_library_in(world: World, served: Served) -> None:
    async with served.kiosk() as kiosk:
        assert await kiosk.log_in("vidda-1") == "0"
        world.rewrite_partners(
            ("valid_from = 2020-01-01\nvalid_until = 2025-12-31", "valid_from = 2020-01-01\nvalid_until = 2099-12-31")
        )
        assert await served.daemon.reload()
        assert await kiosk.log_in("vidda-1") == "1"


@pytest.mark.parametrize(
    "change",
    [
        ('version = "3"', "version = 3"),
        ("[[terminals]]\n", "[[terminals]]\nnonsense = 1\n"),
        ('dialect = "strict"', 'dialect = "unheard-of"'),
        ('login = "film-1"', 'login = "storbyen-1"'),
        ("[dialects.utf8]", "[dialects.utf8"),
        # A text that somebody may have accepted never changes under its version.
        ("Du erstatter det du mister.", "Du skylder oss alt."),
    ],
    ids=["type", "unknown key", "unknown dialect", "login twice", "no TOML", "rules text without a new version"],
)
async def test_a_bad_file_leaves_everything_as_it_was_and_shows_in_the_metric(
    world: World, served: Served, change: tuple[str, str]
) -> None:
    before = world.partners.read_text("utf-8")
    async with served.kiosk("storbyen-1") as kiosk, served.kiosk("fjordby-1") as second:
        # Beside the fault, something that would be seen if half of the file were taken.
        world.rewrite_partners(('class = "kiosk"\nlogin = "storbyen-1"', 'class = "pc"\nlogin = "storbyen-1"'), change)
        assert not await served.daemon.reload()
        assert await in_force(served) == 0
        assert (await kiosk.status("N001000001", "4817")).valid_patron == "Y"
        assert (await second.status("N001000007", "6038")).valid_patron_password == "Y"
        assert await kiosk.log_in("film-1") == "1"
        world.partners.write_text(before, "utf-8")
        assert await served.daemon.reload()
        assert await in_force(served) == 1
    await until(lambda: served.events("reload_failed") != [])
    assert served.counted("connections_closed_total", listener="sip2", reason="revoked") == 0


async def test_rules_with_a_new_version_are_taken(world: World, served: Served) -> None:
    world.rewrite_partners(
        ('version = "3"', 'version = "4"'),
        ('version = "1"', 'version = "2"'),
        ("Du erstatter det du mister.", "Du erstatter alt."),
    )
    assert await served.daemon.reload()
    async with served.register.database.unit_of_work() as work:
        published = await work.libraries.published()
    versions = {unit.id: unit.rules.version for unit in published.units if unit.rules}
    assert versions[LendingUnitId("NO-2030000")] == "4"


async def test_a_settings_file_that_cannot_be_read_keeps_the_old_one(world: World, served: Served) -> None:
    text = world.settings.read_text("utf-8")
    world.settings.write_text(text + "[nonsense]\n", "utf-8")
    assert not await served.daemon.reload()
    world.settings.write_text(text + '[log]\nlevel = "debug"\n', "utf-8")
    assert await served.daemon.reload()


async def test_twenty_reloads_drop_no_connection_and_publish_nothing_twice(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, served.kiosk("fjordby-1") as second:
        for number in range(20):
            assert await served.daemon.reload()
            if number % 5 == 0:
                assert (await kiosk.status("N001000001", "4817")).personal_name == "Ågot"
        assert await kiosk.works()
        assert (await second.status("N001000007", "6038")).valid_patron_password == "Y"
        # A stored answer is still there for a kiosk that asks again.
        told = await kiosk.say(
            sip2.Codec("utf-8").encode(sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"))
        )
        assert await served.daemon.reload()
        assert await kiosk.say(b"97") == told
    async with served.register.database.unit_of_work() as work:
        assert await work.libraries.generation() == 1


async def test_settings_that_only_a_restart_changes_are_named(world: World) -> None:
    async with running(world) as served:
        world.say("[limits]\nconnections = 7\n")
        assert await served.daemon.reload()
        await until(lambda: served.events("restart_needed") != [])
        assert [line["sections"] for line in served.events("restart_needed")] == ["limits"]
