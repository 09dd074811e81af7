"""The commands of a kiosk script that ask something: one row each, with their words and what they build."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.simulators.kiosk_requests import Requests
from protocols.sip2 import Message, SummaryList

Given: TypeAlias = Mapping[str, str]
"""The words of one line by what they are; they may be secret."""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing a command takes; `pattern` is what it must look like, `expected` says so to people."""

    name: str
    pattern: str = ".*"
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words of a command in order, an optional PIN behind them, options as `key=value`, and flags."""

    name: str
    words: tuple[Word, ...]
    build: Callable[[Requests, Given], Message]
    pin: bool = False
    options: tuple[Word, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """How it is written: `checkout CARD ITEM [PIN] [fee=Y|N] [cancel] [no-block]`."""
        return " ".join(
            [
                self.name,
                *(word.name.upper() for word in self.words),
                *(["[PIN]"] if self.pin else []),
                *(f"[{option.name}={option.expected}]" for option in self.options),
                *(f"[{flag}]" for flag in self.flags),
            ]
        )


SUMMARIES = {
    "hold": SummaryList.HOLD,
    "overdue": SummaryList.OVERDUE,
    "charged": SummaryList.CHARGED,
    "fine": SummaryList.FINE,
    "recall": SummaryList.RECALL,
    "unavailable": SummaryList.UNAVAILABLE_HOLDS,
}
"""The lists of a 63, as a script names them."""

CARD, ITEM = Word("card"), Word("item")
NAME, PASSWORD, TEXT, PROPERTIES = Word("name"), Word("password"), Word("text"), Word("properties")
AMOUNT = Word("amount", r"\d+(\.\d+)?", "a number such as 50.00")
FEE, SUMMARY = Word("fee", "[YN]", "Y|N"), Word("summary", "|".join(SUMMARIES), "|".join(SUMMARIES))
START, END = Word("start", r"\d{1,5}", "NUMBER"), Word("end", r"\d{1,5}", "NUMBER")
MODE, PICKUP, FEE_ID = Word("mode", r"[-+*]", "+|-|*"), Word("pickup", ".*", "PLACE"), Word("id", ".*", "FEE")
CANCEL, NO_BLOCK = "cancel", "no-block"


def _information(ask: Requests, given: Given) -> Message:
    wanted = SUMMARIES.get(given.get("summary", ""))
    start, end = given.get("start"), given.get("end")
    return ask.patron_information(given["card"], given.get("pin"), summary=wanted, start=start, end=end)


def _checkout(ask: Requests, given: Given) -> Message:
    return ask.checkout(
        given["card"],
        given["item"],
        given.get("pin"),
        fee=given.get("fee"),
        cancel=CANCEL in given,
        no_block=NO_BLOCK in given,
    )


def _checkin(ask: Requests, given: Given) -> Message:
    return ask.checkin(given["item"], cancel=CANCEL in given, no_block=NO_BLOCK in given)


def _hold(ask: Requests, given: Given) -> Message:
    mode, pickup = given.get("mode", "+"), given.get("pickup")
    return ask.hold(given["card"], given["item"], given.get("pin"), mode=mode, pickup=pickup)


_ROWS = (
    Grammar("login", (NAME, PASSWORD), lambda ask, given: ask.login(given["name"], given["password"])),
    Grammar("status", (), lambda ask, _: ask.status()),
    Grammar("patron", (CARD,), lambda ask, given: ask.patron_status(given["card"], given.get("pin")), pin=True),
    Grammar("information", (CARD,), _information, pin=True, options=(SUMMARY, START, END)),
    Grammar("checkout", (CARD, ITEM), _checkout, pin=True, options=(FEE,), flags=(CANCEL, NO_BLOCK)),
    Grammar("checkin", (ITEM,), _checkin, flags=(CANCEL, NO_BLOCK)),
    Grammar(
        "renew", (CARD, ITEM), lambda ask, given: ask.renew(given["card"], given["item"], given.get("pin")), pin=True
    ),
    Grammar("renew-all", (CARD,), lambda ask, given: ask.renew_all(given["card"], given.get("pin")), pin=True),
    Grammar("hold", (CARD, ITEM), _hold, pin=True, options=(MODE, PICKUP)),
    Grammar("item", (ITEM,), lambda ask, given: ask.item_information(given["item"])),
    Grammar("item-status", (ITEM, PROPERTIES), lambda ask, given: ask.item_status(given["item"], given["properties"])),
    Grammar(
        "fee",
        (CARD, AMOUNT),
        lambda ask, given: ask.fee_paid(given["card"], given["amount"], given.get("pin"), fee=given.get("id")),
        pin=True,
        options=(FEE_ID,),
    ),
    Grammar("block", (CARD, TEXT), lambda ask, given: ask.block(given["card"], given["text"])),
    Grammar("enable", (CARD,), lambda ask, given: ask.enable(given["card"], given.get("pin")), pin=True),
    Grammar("end", (CARD,), lambda ask, given: ask.end(given["card"], given.get("pin")), pin=True),
)

COMMANDS = {row.name: row for row in _ROWS}
"""The asking commands by name."""


def fits(word: Word, text: str) -> bool:
    """Whether the text is what the word must look like."""
    return re.fullmatch(word.pattern, text, re.DOTALL) is not None
