"""Our own schema, always; the standard's schema and sample messages, where somebody has them.

They are looked for in the folder that `PORTVAKT_SHARED` names, else in `shared` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from protocols.ncip.grammar import schema_tree

_BESIDE = Path(__file__).resolve().parents[4] / "shared"
FOLDER = Path(os.environ.get("PORTVAKT_SHARED") or _BESIDE) / "ncip-schema"
SAMPLES = sorted((FOLDER / "samples").glob("*.xml"))
OURS = etree.XMLSchema(schema_tree())
_STANDARD_FILE = FOLDER / "ncip_v2_02.xsd"
STANDARD = etree.XMLSchema(etree.parse(_STANDARD_FILE)) if _STANDARD_FILE.exists() else None

needs_samples = pytest.mark.skipif(not SAMPLES, reason="the standard's sample messages are not at hand")
needs_standard = pytest.mark.skipif(STANDARD is None, reason="the standard's schema is not at hand")


def is_valid(document: bytes) -> bool:
    """Whether a document is valid by our schema and, where it is at hand, by the standard's."""
    root = etree.fromstring(document)
    return bool(OURS.validate(root)) and (STANDARD is None or bool(STANDARD.validate(root)))
