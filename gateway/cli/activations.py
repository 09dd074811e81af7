"""``portvakt activations``: patrons on their way to library systems; what waits, what is stuck, what became of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import click

from config.delivery import Delivery as Told
from config.load import load_partners
from config.settings import Settings
from gateway.application import Register
from gateway.cli.activation_screen import screen_of, state_of
from gateway.cli.common import (
    REASON,
    Failure,
    actor,
    clear_errors,
    config_option,
    masked,
    register_of,
    run,
    settings_of,
    tries,
)
from gateway.clock import SystemClock
from gateway.delivery.enrolment import mapping_of
from gateway.delivery.mapping import RecordMapping
from gateway.delivery.records import Value, record_of
from registry.domain.card import Card, CardState
from registry.domain.delivery import Delivery, DeliveryId, DeliveryKind, Parcel
from registry.domain.institution import CarrierKind, LendingUnitId

T = TypeVar("T")


_NUMBER = click.IntRange(1, 2**63 - 1)
"""What a database can hold as the number of a delivery."""

_LABELS: Mapping[str, str] = {
    "card": "Card",
    "former_cards": "Former cards",
    "local_id": "Local id",
    "family_name": "Family name",
    "given_name": "Given name",
    "birth_date": "Born",
    "sex": "Sex",
    "registered_address": "Address in the population register",
    "own_address": "The patron's own address",
    "mobile": "Mobile",
    "phone": "Telephone",
    "email": "E-mail",
    "language": "Language",
    "home_library": "Home library",
    "welcomed_at": "Welcomed at",
    "rules": "Loan rules accepted",
}
"""Field of a record → what stands before it on a sheet; a test asserts that none is missing."""

_NUMBERS = frozenset({"card", "former_cards", "local_id"})


@click.group()
def activations() -> None:
    """Patrons on their way to library systems: what waits, and what staff must look at.

    A delivery brings a patron who has accepted the loan rules to the library's system, or a change, or an end. Most are
    brought by the daemon, or fetched. Where a library has `carrier = "manual"`, staff type in what `sheet` shows and
    tell the new patron's local id with `resolve`; of an end they close the record, and `resolve` it without an id. What
    could not be brought is stuck: look at the reason with `show`, mend it, and `retry`; or `resolve`; or `drop` it.
    """


@activations.command("list")
@click.option("--unit", help="Only those of this lending unit, such as NO-2030000.")
@click.option("--stuck", is_flag=True, help="Only those that staff must look at.")
@config_option
def list_activations(unit: str | None, stuck: bool, config_path: Path | None) -> None:
    """Show what is pending or stuck, the oldest first; cards are masked.

    \b
    Example:  portvakt activations list --unit NO-2030000
              portvakt activations list --stuck
    """
    found = run(_list(settings_of(config_path), None if unit is None else LendingUnitId(unit)))
    shown = [(one, card) for one, card in found if not stuck or one.state.value == "stuck"]
    for one, card in shown:
        click.echo(_line(one, card))
    if not shown:
        click.echo("nothing is stuck" if stuck else "nothing is pending or stuck", err=True)


async def _list(settings: Settings, unit: LendingUnitId | None) -> Sequence[tuple[Delivery, Card | None]]:
    async with register_of(settings) as register:
        found = await register.deliveries.deliveries(unit, actor())
        # What a unit that has left the partner files still has open is shown: staff must come to an end with it.
        if unit is not None and not found and register.libraries.unit(unit) is None:
            raise Failure(f"{unit} is no lending unit of the partner files")
    return found


def _line(one: Delivery, card: Card | None) -> str:
    tried = f", {tries(one.tries)}" if one.tries else ""
    reason = f", {one.reason}" if one.reason else ""
    state = state_of(one, f"{one.since:%Y-%m-%d %H:%M} UTC")
    return f"{one.id}  {one.unit}  {one.kind} {_card(card)}  {state}{tried}{reason}"


def _card(card: Card | None) -> str:
    if card is None:
        return masked("")
    return masked(card.number) + ("" if card.state is CardState.ISSUED else f" ({card.state})")


@activations.command()
@click.argument("number", type=_NUMBER)
@click.option("--reason", type=REASON, help="Why the whole card number is needed; goes into the audit trail.")
@config_option
def show(number: int, reason: str | None, config_path: Path | None) -> None:
    """Show all that is known of delivery NUMBER, open or ended: where it stands, consents, audit trail.

    No name; the card is masked, unless a reason is given. The look goes into the audit trail.

    \b
    Example:  portvakt activations show 17
              portvakt activations show 17 --reason "case 4711, patron at the desk"
    """
    settings = settings_of(config_path)
    history = run(_with_register(settings, lambda it: it.deliveries.history(DeliveryId(number), actor(), reason)))
    for line in screen_of(history, _carrier(settings, history.delivery.unit)):
        click.echo(line)


@activations.command()
@click.argument("number", type=_NUMBER)
@config_option
def sheet(number: int, config_path: Path | None) -> None:
    """Show what staff type into the library's system for delivery NUMBER, and take it. It goes into the audit trail.

    Where the library's mapping is known, the codes of its system stand at the end. No PIN is on the sheet: give the
    patron a random password that nobody keeps.

    \b
    Example:  portvakt activations sheet 17
    """
    settings = settings_of(config_path)
    parcel = run(_with_register(settings, lambda it: it.deliveries.sheet(DeliveryId(number), actor())))
    for label, text in (*_rows(parcel), *_codes(parcel, _mapping(settings, parcel.unit), SystemClock().today())):
        click.echo(f"{label + ':':<36}{text}")
    if parcel.kind is DeliveryKind.END:
        click.echo("\nThe patron is local here no more: close the record as your library does.", err=True)
        click.echo(f"Done? portvakt activations resolve {number}", err=True)
    else:
        click.echo(f"\nDone? portvakt activations resolve {number} LOCAL_ID", err=True)


def _rows(parcel: Parcel) -> Iterator[tuple[str, str]]:
    for name, value in record_of(parcel).items():
        # Whose record is closed is told, and no more: the library has it, and needs nothing new of who has left.
        if parcel.kind is not DeliveryKind.END or name in _NUMBERS:
            yield _LABELS[name], _texts(name, value)


def _texts(name: str, value: Value) -> str:
    """Return a field in words; of the loan rules, when they were accepted as the other commands tell times."""
    at = value.get("accepted") if name == "rules" and isinstance(value, dict) else None
    if isinstance(value, dict) and at is not None:
        accepted = datetime.fromisoformat(str(at)).astimezone(UTC)
        return f"{value['version']}, {accepted:%Y-%m-%d %H:%M} UTC"
    return _text(value)


def _text(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        parts = ", ".join(_text(one) for one in value.values())
        return parts.removesuffix(", NO") if "postal_code" in value else parts
    return str(value)


def _codes(parcel: Parcel, mapping: RecordMapping | None, today: date) -> Iterator[tuple[str, str]]:
    if mapping is None or parcel.kind is DeliveryKind.END:
        return
    yield "Category", mapping.category_for(parcel.age)
    yield "Branch", mapping.branch_for(parcel.place)
    expiry, language = mapping.expiry_from(today), mapping.language_for(parcel.view.language)
    if expiry is not None:
        yield "Expires", expiry.isoformat()
    if language is not None:
        yield "Language code", language


def _carrier(settings: Settings, unit: LendingUnitId) -> CarrierKind:
    told = _told(settings, unit)
    return CarrierKind(told.carrier) if told else CarrierKind.MANUAL


def _told(settings: Settings, unit: LendingUnitId) -> Told | None:
    with clear_errors():
        told = load_partners(settings).lending_units.get(unit)
    return told.delivery if told else None


def _mapping(settings: Settings, unit: LendingUnitId) -> RecordMapping | None:
    delivery = _told(settings, unit)
    return mapping_of(delivery.mapping) if delivery and delivery.mapping else None


@activations.command()
@click.argument("number", type=_NUMBER)
@click.argument("local_id", default="")
@config_option
def resolve(number: int, local_id: str, config_path: Path | None) -> None:
    """End delivery NUMBER: the patron is in the library's system, under LOCAL_ID. They can borrow from now on.

    A change or an end has no LOCAL_ID: the library's system has been changed by hand.

    \b
    Example:  portvakt activations resolve 17 S200001
              portvakt activations resolve 18
    """
    told = local_id.strip()
    run(_with_register(settings_of(config_path), lambda it: it.deliveries.resolve(DeliveryId(number), told, actor())))
    click.echo(f"delivery {number} is done")


@activations.command()
@click.argument("number", type=_NUMBER)
@config_option
def retry(number: int, config_path: Path | None) -> None:
    """Have the stuck delivery NUMBER tried again, beginning with a look-up.

    \b
    Example:  portvakt activations retry 17
    """
    run(_with_register(settings_of(config_path), lambda it: it.deliveries.retry(DeliveryId(number), actor())))
    click.echo(f"delivery {number} is tried again")


@activations.command()
@click.argument("number", type=_NUMBER)
@config_option
def drop(number: int, config_path: Path | None) -> None:
    """Give the stuck delivery NUMBER up: a patron who was to be activated is a guest again.

    \b
    Example:  portvakt activations drop 17
    """
    run(_with_register(settings_of(config_path), lambda it: it.deliveries.drop(DeliveryId(number), actor())))
    click.echo(f"delivery {number} is given up")


async def _with_register(settings: Settings, do: Callable[[Register], Awaitable[T]]) -> T:
    async with register_of(settings) as register:
        return await do(register)
