"""Reads a world file: the tables of `World` in TOML."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gateway.simulators.ils.world import World

_WORLD = TypeAdapter(World)


class WorldFileError(ValueError):
    """A world file cannot be used; the text says where and why, and shows no value of the file."""


def built_in_world() -> World:
    """Return the library of the demo: Storbyen, with its patrons and twenty items."""
    return _parsed(resources.files(__package__).joinpath("storbyen.toml").read_text("utf-8"), "storbyen.toml")


def read_world(path: Path) -> World:
    """Return the world in a file; raises `WorldFileError`, also when the file cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise WorldFileError(f"{path}: {reason}") from None
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> World:
    try:
        return _WORLD.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WorldFileError(f"{name}: {error}") from None
    except ValidationError as error:
        # What was given stays out of the message: it may be a PIN.
        faults = [f"{_place(one['loc'])}: {one['msg']}" for one in error.errors(include_input=False, include_url=False)]
        raise WorldFileError("\n".join(f"{name}: {fault}" for fault in faults)) from None


def _place(where: tuple[int | str, ...]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in where) or "file"
