"""The first pair of files that `portvakt init` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SETTINGS: Final = """\
# Settings of portvakt. What is not here is at its default; portvakt.example.toml shows every key.
# Judge this file and the partners with: portvakt check --config {path}

[identity]
# Synthetic identity numbers only. Say "production" when real patrons come.
mode = "test"

[[listeners.sip2]]
name = "sip2"
# Plain TCP is spoken on this machine alone. For other machines give a host and a table [listeners.sip2.tls].
host = "127.0.0.1"
port = 6001

[listeners.http]
# Metrics and health.
host = "127.0.0.1"
port = 9464

[database]
# Relative to the state directory; or postgresql://user@host/name with a password_file.
url = "sqlite:///portvakt.db"
"""

_PARTNERS: Final = """\
# Libraries and their terminals. partners.example.toml shows every key.

[[institutions]]
# The library's number with its country. This one is a placeholder that no library has.
id = "NO-0000000"
name = "Example Library"

[[lending_units]]
id = "NO-0000000"
# Accepting the rules is enough; the default, "in_person", leaves it to the desk.
acceptance = "digital"

# Without an agreement nobody here gets anything from the register.
#[lending_units.agreement]
#reference = "the agreement's number"
#valid_from = 2026-01-01
#valid_until = 2027-12-31

[lending_units.rules]
version = "1"

[lending_units.rules.languages.nb]
short = "Lånetid 28 dager. Du erstatter det du mister."
full = "Lånetiden er 28 dager. Det som blir borte eller ødelagt, må erstattes."

# Each terminal has a login and a password of its own. Hash the password with `portvakt hash-secret`.
#[[terminals]]
#id = "kiosk-1"
#institution = "NO-0000000"
#class = "kiosk"
#login = "automat-1"
#secret = "what portvakt hash-secret printed"
#networks = ["127.0.0.1/32"]
#consent_channels = ["phone", "desk"]
"""


def first_files(directory: Path) -> tuple[str, str]:
    """The texts of `directory`/portvakt.toml and of a first file in its partners.d, without any password."""
    return _SETTINGS.format(path=directory / "portvakt.toml"), _PARTNERS
