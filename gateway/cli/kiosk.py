"""`portvakt kiosk`: a SIP2 terminal client for people, interactive or by script."""

from __future__ import annotations

import os
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from gateway.simulators.kiosk import Peer
from gateway.simulators.kiosk_address import HOST, PORT, read_address
from gateway.simulators.kiosk_failures import KioskFailure
from gateway.simulators.kiosk_rendering import Line, Tone
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_screen import Screen
from gateway.simulators.kiosk_script import ScriptError, read_script
from gateway.simulators.kiosk_session import Script, Session
from gateway.simulators.kiosk_tls import client_context
from gateway.simulators.kiosk_words import language_number
from protocols.sip2 import ScProfile

NOT_AS_EXPECTED = 1
"""The exit status of a session in which something was not as it should be."""

VARIABLE = "PORTVAKT_KIOSK_PASSWORD"

_TERMINATORS: dict[str, Literal["\r", "\r\n", "\n"]] = {"cr": "\r", "crlf": "\r\n", "lf": "\n"}

_COLOURS: dict[Tone, dict[str, Any]] = {
    Tone.PLAIN: {},
    Tone.SENT: {"fg": "blue", "bold": True},
    Tone.RECEIVED: {"fg": "cyan", "bold": True},
    Tone.SCREEN: {"fg": "yellow", "bold": True},
    Tone.QUIET: {"dim": True},
    Tone.BAD: {"fg": "red"},
    Tone.GOOD: {"fg": "green"},
}


class WrongScript(click.ClickException):
    """The script cannot be run."""

    exit_code = 2


class NotAnswered(click.ClickException):
    """The library system cannot be reached, or answers no more."""

    exit_code = 3


class AddressType(click.ParamType[tuple[str, int]]):
    """`HOST[:PORT]` on the command line."""

    name = "HOST[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Host and port; fails on what is none."""
        try:
            return (value[0], value[1]) if isinstance(value, tuple) else read_address(str(value))
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


class LanguageType(click.ParamType[str]):
    """A language by its SIP2 number or its English name."""

    name = "LANGUAGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The number in three digits; fails on what is no language."""
        number = language_number(str(value))
        if number is None:
            self.fail("expected three digits or a name, such as 012 or norwegian", param, ctx)
        return number


_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command()
@click.argument("address", metavar="[HOST[:PORT]]", type=AddressType(), default=(HOST, PORT))
@click.option("--login", metavar="NAME", help="Log in under this name, e.g. storbyen-1; the password is asked for.")
@click.option("--password-file", type=_FILE, help=f"Take the password from a file; else from {VARIABLE}.")
@click.option("--location", metavar="CODE", help="Where the kiosk stands (CP, AP).")
@click.option("--institution", metavar="ID", default="", help="The institution id (AO).")
@click.option("--encoding", type=click.Choice(["cp850", "iso-8859-1", "utf-8"]), default="utf-8", show_default=True)
@click.option("--terminator", type=click.Choice(list(_TERMINATORS)), default="cr", show_default=True)
@click.option("--delimiter", metavar="CHARACTER", default="|", show_default=True, help="What ends a field.")
@click.option("--no-checksums", is_flag=True, help="Send no sequence numbers and checksums (AY, AZ).")
@click.option("--tls", is_flag=True, help="Speak TLS, as any of the next four options does, too.")
@click.option("--ca", type=_FILE, help="The authorities to trust, as PEM; else the system's.")
@click.option("--certificate", type=_FILE, help="The kiosk's own certificate, as PEM.")
@click.option("--key", type=_FILE, help="The key of the certificate, where that file does not hold it.")
@click.option("--server-name", metavar="NAME", help="The name that the server's certificate must be for; else HOST.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.01, 600),
    default=5.0,
    show_default=True,
    help="For connecting, and for each answer.",
)
@click.option("--language", type=LanguageType(), default="012", show_default=True, help="Number or English name.")
@click.option("--raw", is_flag=True, help="Show frames as they were sent, too; PINs and passwords as ***.")
@click.option("--json", "as_objects", is_flag=True, help="Show each message as a JSON object; secrets masked.")
@click.option("--script", metavar="FILE", help="Run a script; - is standard input.")
@click.option("--quiet", is_flag=True, help="Show no messages, only what fails (and what a script echoes).")
@click.pass_context
def kiosk(ctx: click.Context, /, address: tuple[str, int], **options: Any) -> None:
    """Be a kiosk: speak SIP2 to a gateway or a library system, and show what it answers.

    Without arguments it talks to `portvakt demo` on this machine, and asks for login, card and PIN; an empty card
    ends. Where standard input is no terminal, or with --script, it runs a script instead. PINs and passwords are
    never arguments, where every user of the machine could read them.

    \b
    Examples:
      portvakt kiosk
      portvakt kiosk sip.example.org:6001 --login storbyen-1 --location HOVED --raw
      portvakt kiosk --tls --ca ca.pem --certificate kiosk.pem --key kiosk.key sip.example.org:6443
      portvakt kiosk --login storbyen-1 --password-file password --script morning.sip2
      echo status | portvakt kiosk --json

    \b
    A script has one command in a line; words are quoted as in a shell, # begins a comment:
      login NAME PASSWORD                               93
      status                                            99
      patron CARD [PIN]                                 23
      information CARD [PIN] [summary=charged] [start=1] [end=5]    63; or hold, overdue,
                                                        fine, recall, unavailable
      checkout CARD ITEM [PIN] [fee=Y|N] [cancel] [no-block]        11
      checkin ITEM [cancel] [no-block]                  09
      renew CARD ITEM [PIN]                             29
      renew-all CARD [PIN]                              65
      hold CARD ITEM [PIN] [mode=+|-|*] [pickup=PLACE]  15
      item ITEM                                         17
      item-status ITEM PROPERTIES                       19
      fee CARD AMOUNT [PIN] [id=FEE]                    37
      block CARD TEXT                                   01
      enable CARD [PIN]                                 25
      end CARD [PIN]                                    35
      resend                                            97: the last answer again
      again                                             the last frame again, byte for byte
      raw FRAME                                         the rest of the line as it stands
      reconnect                                         hang up and connect anew
      wait SECONDS
      echo TEXT
      expect TAG VALUE                                  of the last answer; of a repeated
      expect TAG ~PATTERN                               field one must be so
      expect no TAG
      expect message NN
      expect FIELD VALUE                                a fixed field: ok, patron-status, …

    \b
    Example:
      login storbyen-1 'demo-storbyen'
      patron N001000001 4817
      expect message 24
      expect CQ Y
      expect no AF

    A PIN that is left out is not sent; '' sends an empty one. A login that is refused is a failure, unless
    `expect ok 0` follows.

    \b
    Exit statuses:
      0  all well
      1  an expectation failed, or the login was refused
      2  wrong usage, or a fault in the script (found before anything is sent)
      3  cannot connect, the connection was lost, or no answer came in time
    """
    profile = _profile(options)
    script = _script(options["script"], profile, logged_in=options["login"] is not None)
    session = Session(
        Peer(*address, tls=_tls(options), server_name=options["server_name"]),
        profile,
        Requests(options["institution"], options["location"], options["language"]),
        _screen(profile, options, watched=script is None),
        options["timeout"],
        _login(options["login"], options["password_file"], ask=script is None),
    )
    try:
        well = session.run(script or AtTheTerminal(), time.sleep)
    except KioskFailure as failure:
        raise NotAnswered(str(failure)) from failure
    ctx.exit(0 if well else NOT_AS_EXPECTED)


class AtTheTerminal:
    """The person who types; prompts go to standard error, so that standard output holds messages alone."""

    def card(self) -> str | None:
        """A card number; an end of file is a farewell, too."""
        return _typed("Card (empty line ends)")

    def pin(self) -> str | None:
        """A PIN, not shown."""
        return _typed("PIN (hidden; empty for none)", hide_input=True)

    def ends_session(self) -> bool | None:
        """Whether `e` was typed."""
        typed = _typed("e ends the session, an empty line takes the next card")
        return None if typed is None else typed.lower() == "e"


def _typed(prompt: str, *, hide_input: bool = False) -> str | None:
    try:
        typed = click.prompt(prompt, default="", show_default=False, hide_input=hide_input, err=True)
    except click.Abort:
        return None
    return str(typed) if hide_input else str(typed).strip()


def writer(*, err: bool) -> Callable[[Line], None]:
    """Writes lines, coloured on terminals; a letter that the terminal lacks is written as its number."""
    stream = sys.stderr if err else sys.stdout
    colours = "NO_COLOR" not in os.environ

    def write(line: Line) -> None:
        encoding = stream.encoding or "utf-8"
        text = line.text.encode(encoding, "backslashreplace").decode(encoding)
        click.echo(click.style(text, **_COLOURS[line.tone]) if colours else text, err=err)

    return write


def _screen(profile: ScProfile, options: dict[str, Any], *, watched: bool) -> Screen:
    return Screen(
        profile.codec,
        writer(err=False),
        writer(err=True),
        raw=options["raw"],
        as_objects=options["as_objects"],
        quiet=options["quiet"],
        watched=watched,
    )


def _profile(options: dict[str, Any]) -> ScProfile:
    try:
        return ScProfile(
            encoding=options["encoding"],
            delimiter=options["delimiter"],
            terminator=_TERMINATORS[options["terminator"]],
            error_detection=not options["no_checksums"],
            # A person wants to see the answer of a system that forgets the sequence digit, too.
            echo="optional",
        )
    except ValueError as fault:
        raise click.BadParameter(
            "expected one character, no letter, digit, blank or line end", param_hint="--delimiter"
        ) from fault


def _tls(options: dict[str, Any]) -> ssl.SSLContext | None:
    ca, certificate, key = options["ca"], options["certificate"], options["key"]
    if key and not certificate:
        raise click.UsageError("--key needs --certificate")
    if not (options["tls"] or ca or certificate or options["server_name"]):
        return None
    try:
        return client_context(ca, certificate, key)
    except ValueError as fault:
        raise click.UsageError(str(fault)) from fault


def _login(name: str | None, file: Path | None, *, ask: bool) -> tuple[str, str] | None:
    """Name and password, asked for where a person is there; None where nobody logs in."""
    if name is None and ask:
        name = click.prompt("Login (empty for none)", default="", show_default=False, err=True)
    if not name:
        return None
    if file is not None:
        return name, _first_line(file)
    if VARIABLE in os.environ:
        return name, os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise click.UsageError(f"--login needs a password: --password-file, {VARIABLE}, or a terminal to ask at")
    return name, click.prompt("Password (hidden)", default="", show_default=False, hide_input=True, err=True)


def _first_line(file: Path) -> str:
    lines = _text(file.read_bytes, "--password-file").splitlines()
    if not lines or not lines[0]:
        raise click.BadParameter("expected a password in its first line", param_hint="--password-file")
    return lines[0]


def _script(path: str | None, profile: ScProfile, *, logged_in: bool) -> Script | None:
    """The script; None where a person is to be asked instead."""
    if path is None and sys.stdin.isatty():
        return None
    from_input = path in (None, "-")
    name = "stdin" if from_input else str(path)
    read = sys.stdin.buffer.read if from_input else Path(name).read_bytes
    try:
        steps = read_script(_text(read, "--script"), name, profile.codec, logged_in=logged_in)
    except ScriptError as faults:
        raise WrongScript(str(faults)) from faults
    return Script(name, tuple(steps))


def _text(read: Callable[[], bytes], option: str) -> str:
    try:
        return read().decode("utf-8-sig")
    except OSError as fault:
        raise click.BadParameter(f"cannot be read: {fault.strerror}", param_hint=option) from fault
    except UnicodeDecodeError as fault:
        raise click.BadParameter("expected text in UTF-8", param_hint=option) from fault
