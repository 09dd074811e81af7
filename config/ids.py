"""How libraries, languages and files are named in partner files."""

from __future__ import annotations

from typing import Annotated, Literal

from config.fields import matching

Language = Literal["nb", "nn", "se", "en"]

# Opaque: municipalities merge and change their names, the numbers of their libraries stay.
InstitutionId = Annotated[str, matching(r"NO-[0-9]{7}", "NO- and seven digits, such as NO-2030000")]
FileName = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a plain file name")]
