"""``portvakt poster``: a library's poster with the code that leads to its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.load import load_partners
from config.public_url import is_public_url
from gateway.cli.common import Failure, clear_errors, config_option, settings_of
from gateway.clock import SystemClock
from gateway.web.poster import poster as drawn

if TYPE_CHECKING:
    from config.partner_set import Partners
    from config.settings import Settings


@click.command()
@click.argument("library")
@config_option
@click.option("--url", metavar="URL", help="The address of the pages; by default public_url in [listeners.pages].")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="The file to write; by default poster-LIBRARY.svg here, and - is standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def poster(library: str, config_path: Path | None, url: str | None, out: Path | None, force: bool) -> None:
    """Draw the poster of LIBRARY: its name and a QR code that leads to its page, on A4, as SVG.

    The address on it is the library's own and never changes. Print it from a browser, or have it laid out.

    \b
    Example:  portvakt poster NO-2030000 --out storbyen.svg
    """
    settings = settings_of(config_path)
    with clear_errors():
        partners = load_partners(settings)
    address = f"{_base(url, settings)}/{library}"
    svg = drawn(_name(library, partners), address)
    _write(svg, out or Path(f"poster-{library}.svg"), address, force=force)
    _warn(library, partners)


def _base(url: str | None, settings: Settings) -> str:
    if url is None:
        if settings.listeners.pages is None:
            raise Failure("there is no [listeners.pages] in the settings; say --url, such as https://kort.example.no")
        return settings.listeners.pages.public_url
    if not is_public_url(url.rstrip("/")):
        raise click.BadParameter("https and a host, such as https://kort.example.no", param_hint="--url")
    return url.rstrip("/")


def _name(library: str, partners: Partners) -> str:
    place, unit = partners.institution(library), partners.unit_of(library)
    if place is None:
        raise Failure(f"no partner file has an institution {library}")
    if unit is None or unit.rules is None:
        raise Failure(f"{library} has no loan rules, and so nothing that could be accepted on its page")
    return place.name


def _warn(library: str, partners: Partners) -> None:
    unit = partners.unit_of(library)
    if unit is None or unit.agreement is None or not unit.agreement.holds_on(SystemClock().today()):
        click.echo(f"warning: {library} has no valid agreement, and so no page until it has one", err=True)


def _write(svg: str, out: Path, address: str, *, force: bool) -> None:
    if str(out) == "-":
        click.echo(svg, nl=False)
        return
    try:
        with out.open("w" if force else "x", encoding="utf-8") as file:
            file.write(svg)
    except FileExistsError:
        raise Failure(f"{out} is there already; --force overwrites it") from None
    except OSError as wrong:
        raise Failure(f"{out}: {wrong.strerror}") from wrong
    click.echo(f"made  {out}  ({address})")
