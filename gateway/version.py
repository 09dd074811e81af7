"""The version that runs, as the installed distribution says."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("portvakt")
except PackageNotFoundError:  # run from a checkout that nobody installed
    VERSION = "0"
