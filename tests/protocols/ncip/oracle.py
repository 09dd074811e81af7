"""Our own schema, always; the standard's schema and sample messages, where somebody has them.

They are looked for in the folder that `PORTVAKT_SHARED` names, else in `shared` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from protocols.ncip.grammar import grammar_of, schema_tree
from protocols.ncip.lookup_version import VERSION_ROOT, read_version_message
from protocols.ncip.normalising import normalised
from protocols.ncip.version1 import in_version_2

_BESIDE = Path(__file__).resolve().parents[4] / "shared"
FOLDER = Path(os.environ.get("PORTVAKT_SHARED") or _BESIDE) / "ncip-schema"
SAMPLES = sorted((FOLDER / "samples").glob("*.xml"))
OURS = etree.XMLSchema(schema_tree())
_STANDARD_FILE = FOLDER / "ncip_v2_02.xsd"
STANDARD = etree.XMLSchema(etree.parse(_STANDARD_FILE)) if _STANDARD_FILE.exists() else None

needs_samples = pytest.mark.skipif(not SAMPLES, reason="the standard's sample messages are not at hand")
needs_standard = pytest.mark.skipif(STANDARD is None, reason="the standard's schema is not at hand")


GRAMMAR = grammar_of(schema_tree())


def is_valid(document: bytes) -> bool:
    """Whether a document is valid by our schema and, where it is at hand, by the standard's.

    Of version 1 no schema is at hand: what is written in it must be valid under version 2's names.
    """
    root = etree.fromstring(document)
    if root.tag == VERSION_ROOT:
        return read_version_message(root[0]) is not None
    if root.tag == "NCIPMessage":
        made = normalised(in_version_2(root), GRAMMAR)
        if made.unknown:
            return False
        root = made.root
    return bool(OURS.validate(root)) and (STANDARD is None or bool(STANDARD.validate(root)))
