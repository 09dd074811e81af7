"""The daemon's side of ``portvakt terminal commission``: trials are asked for, looked at and ended through files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway import capture_files
from gateway.sip2.listener import Sip2Door
from gateway.sip2.rules_shown import lines_of
from registry.domain.activating import Offer
from registry.domain.patron import Language

DIRECTORY = "trials"
"""Beneath the state directory; who can write there is the daemon's own user or root."""

LONGEST = 3600.0
"""Seconds after which a trial ends by itself, whoever forgot it."""

Answer = dict[str, Any]


class Trials:
    """Begins and ends trials at the terminals of a door; :meth:`look` is a chore."""

    def __init__(self, directory: Path, door: Sip2Door) -> None:
        """Be asked through ``directory``."""
        self._directory = directory
        self._door = door
        self._verbs: Mapping[str, Callable[[str, Answer], Answer]] = {
            "begin": self._begin,
            "look": self._look_at,
            "end": self._end,
        }

    def open(self) -> None:
        """Make the directory; a restart ends every trial."""
        capture_files.make(self._directory)

    async def look(self) -> None:
        """Do what is asked."""
        for name, question in list(capture_files.questions(self._directory)):
            capture_files.answer(self._directory, name, self._answered(question))

    def _answered(self, question: Answer) -> Answer:
        verb, terminal = self._verbs.get(str(question.get("verb"))), question.get("terminal")
        if verb is None or not isinstance(terminal, str):
            return {"ok": False, "why": "the daemon is of another version"}
        if self._door.institution_of(terminal) is None:
            return {"ok": False, "why": f"this daemon serves no terminal {terminal}"}
        try:
            return {"ok": True, **verb(terminal, question)}
        except (KeyError, TypeError, ValueError):
            return {"ok": False, "why": "the daemon is of another version"}

    def _begin(self, terminal: str, question: Answer) -> Answer:
        found = self._door.terminals.by_id(terminal)
        if found is None:
            raise KeyError(terminal)
        offer = Offer(version="", language=Language(question["language"]), short=str(question["short"]), full="")
        lines = lines_of(offer, found.dialect.charset, found.library)
        seconds = min(float(question["seconds"]), LONGEST)
        self._door.consenting.trials.begin(terminal, str(question["card"]), lines, seconds)
        return {"lines": list(lines), "amount": found.acknowledgement_amount}

    def _look_at(self, terminal: str, _question: Answer) -> Answer:
        trials = self._door.consenting.trials
        return {"runs": trials.runs(terminal), "heard": [one.value for one in trials.heard(terminal)]}

    def _end(self, terminal: str, _question: Answer) -> Answer:
        self._door.consenting.trials.end(terminal)
        return {}
