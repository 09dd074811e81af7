"""The languages that patrons are spoken to in, and which of them one answer uses."""

from __future__ import annotations

from enum import Enum


class Language(Enum):
    """A language that every sentence exists in; the value is its ISO 639-1 code."""

    NB = "nb"
    NN = "nn"
    SE = "se"
    EN = "en"

    @classmethod
    def of_sip2(cls, code: str) -> Language | None:
        """The language of a SIP2 language code; None for 000 (unspecified), junk, and what is not spoken here."""
        return _OF_SIP2.get(code.strip())

    @classmethod
    def of_tag(cls, tag: str) -> Language | None:
        """The language of a tag such as ``nn``, ``nb-NO`` or ``sme``; None for what is not spoken here."""
        return _OF_TAG.get(tag.strip().lower().replace("_", "-").partition("-")[0])

    @property
    def sip2_code(self) -> str:
        """The three digits for an answer in this language; SIP2 has one code for all that is spoken in Norway."""
        return _SIP2_CODE[self]

    def fits(self, charset: str) -> bool:
        """Whether the charset has this language's letters; Norwegian and English are written in any charset.

        Norwegian has an accepted spelling without æ, ø and å; Northern Sámi without its letters is other words.
        Raises LookupError for a charset that Python does not know.
        """
        return self is not Language.SE or _encodes(_SAMI_LETTERS, charset)


# SIP2 2.00, language field: 001 English, 012 Norwegian, 024 United Kingdom.
_OF_SIP2 = {"001": Language.EN, "012": Language.NB, "024": Language.EN}

_SIP2_CODE = {Language.NB: "012", Language.NN: "012", Language.SE: "012", Language.EN: "001"}

# Both the two and the three letters of ISO 639 occur in registers, and "no" where nobody asked which Norwegian.
_OF_TAG = {
    "nb": Language.NB,
    "nob": Language.NB,
    "no": Language.NB,
    "nor": Language.NB,
    "nn": Language.NN,
    "nno": Language.NN,
    "se": Language.SE,
    "sme": Language.SE,
    "en": Language.EN,
    "eng": Language.EN,
}

_SAMI_LETTERS = "ÁČĐŊŠŦŽáčđŋšŧž"

_FINER_THAN_NORWEGIAN = frozenset({Language.NN, Language.SE})


def language_for(explicit: Language | None, patron: Language | None, terminal: Language, charset: str) -> Language:
    """The language to answer in; bokmål instead of Northern Sámi where the charset lacks its letters.

    ``explicit`` is what the message says, None where it says nothing. ``patron`` is the patron's own choice: hand it
    in only once the PIN is right, for it tells something about the person. Raises LookupError for a charset that
    Python does not know.
    """
    wanted = _wanted(explicit, patron, terminal)
    return wanted if wanted.fits(charset) else Language.NB


def _wanted(explicit: Language | None, patron: Language | None, terminal: Language) -> Language:
    # Kiosks send 012 untouched all day, and SIP2 cannot say nynorsk or Sámi: 012 is a default, no choice. So the
    # patron's choice beats it, and the terminal's where it is one of the languages that 012 also stands for.
    if explicit is not None and explicit is not Language.NB:
        return explicit
    if patron is not None:
        return patron
    if explicit is None or terminal in _FINER_THAN_NORWEGIAN:
        return terminal
    return explicit


def _encodes(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
