"""`portvakt ncip`: an NCIP initiator for people, which asks any responder and shows what was said."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from gateway.cli.ncip_exchange import as_lines, as_object, exchange
from gateway.cli.ncip_people import Person, PersonFileError, contacts, creation, home_library, read_person
from gateway.ncip.endpoint import Budgets, Endpoint
from gateway.ncip.ils_requests import headed, look_up, proof
from gateway.upstream.tls import UpstreamTls
from protocols.ncip import Codec, DeleteUser, LookupAgency, NotSendable, Request, UpdateUser
from protocols.ncip.elements import AddUserFields, AuthenticationInput, DeleteUserFields, UserId
from protocols.ncip.schemes import AGENCY_ELEMENT_TYPE, BARCODE_ID, PIN, USER_ELEMENT_TYPE, Coded

DEMO: Final = "http://127.0.0.1:6080/ncip"
AGENCY_VARIABLE: Final = "PORTVAKT_NCIP_SECRET"
PIN_VARIABLE: Final = "PORTVAKT_NCIP_PIN"
NEW_PIN_VARIABLE: Final = "PORTVAKT_NCIP_NEW_PIN"

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_ELEMENTS: Final = {
    "name": "Name Information",
    "address": "User Address Information",
    "born": "Date Of Birth",
    "language": "User Language",
    "privilege": "User Privilege",
    "block": "Block Or Trap",
    "ids": "User Id",
}
_AGENCY_ELEMENTS = ("Organization Name Information", "Agency Address Information", "Application Profile Supported Type")

F = TypeVar("F", bound=Callable[..., Any])

_WHERE = (
    click.option(
        "--to", "url", metavar="URL", default=DEMO, show_default=True, help="http(s)://… or tcp(s)://host:port"
    ),
    click.option("--ca", type=_FILE, help="The authorities to trust, as PEM; else the system's."),
    click.option("--certificate", type=_FILE, help="Our own certificate, as PEM."),
    click.option("--key", type=_FILE, help="The key of the certificate, where that file does not hold it."),
    click.option("--server-name", metavar="NAME", help="The name that the responder's certificate must be for."),
    click.option("--content-type", default='application/xml; charset="utf-8"', show_default=True),
    click.option("--timeout", metavar="SECONDS", type=click.FloatRange(0.01, 600), default=10.0, show_default=True),
    click.option("--raw", is_flag=True, help="Show documents as they were sent; secrets as ***."),
    click.option("--json", "as_json", is_flag=True, help="Show one JSON object; secrets as ***."),
    click.option("--quiet", is_flag=True, help="Show nothing; the exit status tells."),
)
_WHO = (
    click.option("--from-agency", metavar="ID", required=True, help="Who asks, e.g. NO-2030000."),
    click.option("--to-agency", metavar="ID", required=True, help="Who is asked, e.g. NO-0030100."),
    click.option("--system", metavar="NAME", help="The system that asks (FromSystemId), e.g. storbyen-ils."),
    click.option("--profile", metavar="NAME", help="ApplicationProfileType, where the responder wants one."),
    click.option(
        "--secret-file", type=_FILE, help=f"Take the agency's secret from a file; else from {AGENCY_VARIABLE}."
    ),
    click.option("--ask-secret", is_flag=True, help="Ask for the agency's secret, hidden."),
)
_PIN = (
    click.option("--pin-file", type=_FILE, help=f"Take the PIN from a file; else from {PIN_VARIABLE}."),
    click.option("--ask-pin", is_flag=True, help="Ask for the PIN, hidden."),
)


def _options(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[F], F]:
    def give(command: F) -> F:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return give


@click.group()
def ncip() -> None:
    """Ask any NCIP responder, and show what was sent, what came back, and how well both were made.

    PINs and secrets are never arguments, where every user of the machine could read them: they come from a hidden
    prompt, a file or the environment, and are shown as *** wherever they stand.

    \b
    Against `portvakt demo` on this machine:
      export PORTVAKT_NCIP_SECRET=demo-storbyen-ils
      portvakt ncip lookup-user N001000001 --ask-pin \\
          --from-agency NO-2030000 --to-agency NO-0030100 --system storbyen-ils
      portvakt ncip lookup-agency NO-0030100 --from-agency NO-2030000 --to-agency NO-0030100 \\
          --system storbyen-ils
      portvakt ncip send message.xml --to http://127.0.0.1:6080/ncip

    \b
    Exit statuses:
      0  performed
      1  declined with a problem
      2  wrong usage, or a file that cannot be used
      3  no connection, no answer in time, or no usable answer
    """


@ncip.command()
@click.argument("file", type=click.File("rb"))
@_options(_WHERE)
def send(file: Any, **options: Any) -> None:
    """Send FILE as it stands, byte for byte; - is standard input.

    \b
    Examples:
      portvakt ncip send LookupUser.xml
      portvakt ncip send ItemShipped.xml --to https://ils.example.org/ncip --ca ca.pem --raw
      portvakt ncip send - --to tcps://ils.example.org:5001 < RequestItem.xml
    """
    _converse(file.read(), options, ())


@ncip.command("lookup-user")
@click.argument("number", metavar="CARD")
@click.option("--want", multiple=True, type=click.Choice(list(_ELEMENTS)), help="What to ask for; may be repeated.")
@_options(_PIN, _WHO, _WHERE)
def lookup_user(number: str, want: tuple[str, ...], **options: Any) -> None:
    """Look a patron up by card and PIN, or by the card alone where no PIN is given.

    \b
    Example:
      portvakt ncip lookup-user N001000001 --ask-pin --want name --want privilege \\
          --from-agency NO-2030000 --to-agency NO-0030100 --system storbyen-ils --ask-secret
    """
    pin = _pin(options)
    wanted = tuple(Coded(_ELEMENTS[word], USER_ELEMENT_TYPE) for word in want)
    _ask(look_up(number, pin, wanted), options, pin)


@ncip.command("lookup-agency")
@click.argument("agency", metavar="AGENCY")
@_options(_WHO, _WHERE)
def lookup_agency(agency: str, **options: Any) -> None:
    """Ask what an agency is and which profiles it speaks.

    \b
    Example:
      portvakt ncip lookup-agency NO-0030100 --from-agency NO-2030000 --to-agency NO-0030100
    """
    elements = tuple(Coded(word, AGENCY_ELEMENT_TYPE) for word in _AGENCY_ELEMENTS)
    _ask(LookupAgency(agency_id=Coded(agency), agency_element_types=elements), options)


@ncip.command("create-user")
@click.argument("file", type=_FILE)
@_options(_PIN, _WHO, _WHERE)
def create_user(file: Path, **options: Any) -> None:
    """Make the person in FILE (TOML or JSON) a patron, or take in one who is known.

    Keys: number, name or given_name and surname, born, email, phone, street, postal_code, town, country, language,
    rules (the version of the loan rules that the person accepted) and accepted (when; by default now). All may be
    left out; without a name a hyphen is sent, as for somebody who is known.

    \b
    Example:
      number = "N001000002"
      rules = "2026-01"
    \b
      portvakt ncip create-user guest.toml --ask-pin \\
          --from-agency NO-2030000 --to-agency NO-0030100 --system storbyen-ils --ask-secret
    """
    try:
        person = read_person(file)
    except PersonFileError as fault:
        raise click.UsageError(f"{file}: {fault}") from None
    pin = _pin(options)
    if pin is not None and person.number is None:
        raise click.UsageError("a PIN goes with a number, and the file has none")
    inputs = () if pin is None else (proof(BARCODE_ID, person.number or ""), proof(PIN, pin))
    _ask(creation(person, inputs, options["from_agency"]), options, pin)


@ncip.command("update-user")
@click.argument("number", metavar="CARD")
@click.option("--email", help="The new e-mail address.")
@click.option("--phone", help="The new telephone number.")
@click.option("--street", help="The new address of the patron's own.")
@click.option("--postal-code")
@click.option("--town")
@click.option("--language", help="The new language, such as nob, nno, sme or eng.")
@click.option("--home-library", metavar="AGENCY", help="The new home library.")
@click.option("--change-pin", is_flag=True, help="Change the PIN: the old one as --pin-file tells, the new one below.")
@click.option("--new-pin-file", type=_FILE, help=f"Take the new PIN from a file; else from {NEW_PIN_VARIABLE}, or ask.")
@_options(_PIN, _WHO, _WHERE)
def update_user(number: str, **options: Any) -> None:
    """Change what is known of a patron; everything at once, or nothing.

    \b
    Examples:
      portvakt ncip update-user N001000001 --email ny@example.org \\
          --from-agency NO-2030000 --to-agency NO-0030100 --system storbyen-ils --ask-secret
      portvakt ncip update-user N001000001 --change-pin --ask-pin … (asks for both PINs)
    """
    old = _pin(options)
    new = _new_pin(options, old)
    person = Person(**{name: options[name] for name in ("email", "phone", "street", "postal_code", "town")})
    come = AddUserFields(
        authentication_inputs=_proofs(new),
        user_address_informations=contacts(person),
        user_languages=(Coded(options["language"]),) if options["language"] else (),
        user_privileges=(home_library(options["home_library"]),) if options["home_library"] else (),
    )
    if not list(come.children()):
        raise click.UsageError("nothing to change")
    # A PIN that is not to be changed proves the patron; the schema then wants the number among the credentials.
    proves = old is not None and new is None
    message = UpdateUser(
        user_id=None if proves else UserId(user_identifier_value=number),
        authentication_inputs=(proof(BARCODE_ID, number), *_proofs(old)) if proves else (),
        delete_user_fields=DeleteUserFields(authentication_inputs=_proofs(old)) if new is not None else None,
        add_user_fields=come,
    )
    _ask(message, options, old, new)


@ncip.command("delete-user")
@click.argument("number", metavar="CARD")
@_options(_WHO, _WHERE)
def delete_user(number: str, **options: Any) -> None:
    """End a patron's standing at the agency that asks.

    \b
    Example:
      portvakt ncip delete-user N001000001 --from-agency NO-2030000 --to-agency NO-0030100 \\
          --system storbyen-ils --ask-secret
    """
    _ask(DeleteUser(user_id=UserId(user_identifier_value=number)), options)


def _ask(message: Request, options: dict[str, Any], *secrets: str | None) -> None:
    """Send a message with a header, and end the command as it ended."""
    secret = _secret("the agency's secret", options["secret_file"], AGENCY_VARIABLE, ask=options["ask_secret"])
    endpoint = _endpoint(options, secret)
    try:
        body = Codec().encode(headed(message, endpoint))
    except NotSendable as fault:
        raise click.UsageError(str(fault)) from None
    _converse(body, options, tuple(one for one in (secret, *secrets) if one))


def _converse(body: bytes, options: dict[str, Any], secrets: tuple[str, ...]) -> None:
    try:
        done = exchange(_endpoint(options, None), body)
    except OSError:
        raise click.UsageError("--ca, --certificate and --key: expected PEM files that fit together") from None
    if options["as_json"]:
        click.echo(json.dumps(as_object(done, secrets), ensure_ascii=False, indent=2))
    elif not options["quiet"]:
        click.echo(_written("\n".join(as_lines(done, secrets, raw=options["raw"]))))
    click.get_current_context().exit(done.status)


def _written(text: str) -> str:
    """The text as the terminal can write it."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _endpoint(options: dict[str, Any], secret: str | None) -> Endpoint:
    if options["key"] and not options["certificate"]:
        raise click.UsageError("--key needs --certificate")
    try:
        return Endpoint(
            id="cli",
            url=options["url"],
            from_agency=options.get("from_agency") or "",
            to_agency=options.get("to_agency") or "",
            system=options.get("system"),
            authentication=secret,
            profile=options.get("profile"),
            content_type=options["content_type"],
            tls=UpstreamTls(
                ca=options["ca"],
                certificate=options["certificate"],
                key=options["key"],
                server_name=options["server_name"],
            ),
            budgets=Budgets(total=options["timeout"], connect=options["timeout"], least_for_change=0.0),
        )
    except ValueError as fault:
        raise click.BadParameter(str(fault), param_hint="--to") from None


def _pin(options: dict[str, Any]) -> str | None:
    return _secret("PIN", options["pin_file"], PIN_VARIABLE, ask=options["ask_pin"])


def _new_pin(options: dict[str, Any], old: str | None) -> str | None:
    if not options["change_pin"]:
        return None
    new = _secret("New PIN", options["new_pin_file"], NEW_PIN_VARIABLE, ask=True)
    if old is None:
        raise click.UsageError(f"the old PIN is needed: --ask-pin, --pin-file or {PIN_VARIABLE}")
    return new


def _proofs(pin: str | None) -> tuple[AuthenticationInput, ...]:
    return () if pin is None else (proof(PIN, pin),)


def _secret(what: str, file: Path | None, variable: str, *, ask: bool) -> str | None:
    """A secret from a file, the environment or the person; None where there is none."""
    if file is not None:
        lines = file.read_text("utf-8-sig").splitlines()
        if not lines or not lines[0]:
            raise click.UsageError(f"{file}: expected {what} in its first line")
        return lines[0]
    if variable in os.environ:
        return os.environ[variable]
    if ask:
        return str(click.prompt(f"{what} (hidden)", default="", show_default=False, hide_input=True, err=True))
    return None
