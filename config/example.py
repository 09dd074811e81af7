"""Writes the example of a settings file from the settings themselves, so that no default is said twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.settings import FeedListener, Mail, NcipListener, PagesListener, Settings, Tls

_HEAD: Final = """\
# Every setting of portvakt at its default, with its bounds where it has any. A key without a default is commented
# out. Copy what you change. `portvakt check` judges a file without starting anything.
"""
# A table that is absent by default is shown as it could be.
_ABSENT: Final[Mapping[str, BaseModel]] = {
    "tls": Tls(certificate=Path("tls/certificate.pem"), key=Path("tls.key")),
    "feed": FeedListener(),
    "mail": Mail(sender="kort@example.no", host="smtp.example.no"),
    "pages": PagesListener(public_url="https://kort.example.no"),
}
# So is a table that may be repeated.
_NONE: Final[Mapping[str, BaseModel]] = {"ncip": NcipListener()}


def settings_example() -> str:
    """The text of an example file with every key at its default and what it means."""
    return "\n".join((_HEAD, *_keys(Settings(), "", ""), *_tables(Settings(), "", "")))


def _tables(section: BaseModel, name: str, mark: str) -> Iterator[str]:
    for key, field in type(section).model_fields.items():
        inner = getattr(section, key)
        path = f"{name}.{key}" if name else key
        if isinstance(inner, BaseModel):
            yield from _table(inner, path, f"[{path}]", field, mark)
        elif isinstance(inner, tuple) and inner and isinstance(inner[0], BaseModel):
            yield from _table(inner[0], path, f"[[{path}]]", field, mark)
        elif inner == () and key in _NONE:
            yield from _table(_NONE[key], path, f"[[{path}]]", field, "#")
        elif inner is None and key in _ABSENT:
            yield from _table(_ABSENT[key], path, f"[{path}]", field, "#")


def _table(section: BaseModel, path: str, header: str, field: FieldInfo, mark: str) -> Iterator[str]:
    keys = list(_keys(section, path, mark))
    yield from ("", f"# {field.description}.")
    yield from ([f"{mark}{header}", *keys] if keys else [])
    yield from _tables(section, path, mark)


def _keys(section: BaseModel, path: str, mark: str) -> Iterator[str]:
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if _is_table(key, value):
            continue
        yield f"# {field.description}."
        unset = isinstance(field.json_schema_extra, dict) and "unset" in field.json_schema_extra
        # A default as it is written, not as it is normalised.
        shown = field.default if isinstance(field.default, str) else value
        shown = field.examples[0] if shown is None and field.examples else shown
        yield f"{'#' if unset or value is None else mark}{key} = {_literal(shown)}"


def _is_table(key: str, value: object) -> bool:
    if isinstance(value, tuple):
        return isinstance(value[0], BaseModel) if value else key in _NONE
    return isinstance(value, BaseModel) or (value is None and key in _ABSENT)


def _literal(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case tuple():
            return f"[{', '.join(_literal(one) for one in value)}]"
        case str() | Path() | date() | IPv4Network() | IPv6Network():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            raise TypeError(type(value).__name__)
