"""Days as they are written in each language."""

from __future__ import annotations

from datetime import date

from gateway.words.languages import Language

_NORWEGIAN = ("januar", "februar", "mars", "april", "mai", "juni",
              "juli", "august", "september", "oktober", "november", "desember")  # fmt: skip
_SAMI = ("ođđajagimánu", "guovvamánu", "njukčamánu", "cuoŋománu", "miessemánu", "geassemánu",
         "suoidnemánu", "borgemánu", "čakčamánu", "golggotmánu", "skábmamánu", "juovlamánu")  # fmt: skip
_ENGLISH = ("January", "February", "March", "April", "May", "June",
            "July", "August", "September", "October", "November", "December")  # fmt: skip


def in_words(day: date, language: Language) -> str:
    """Return a day such as ``23. november 2026``."""
    month = day.month - 1
    match language:
        case Language.NB | Language.NN:
            return f"{day.day}. {_NORWEGIAN[month]} {day.year}"
        case Language.SE:
            return f"{_SAMI[month]} {day.day}. b. {day.year}"
        case Language.EN:
            return f"{day.day} {_ENGLISH[month]} {day.year}"
