"""Institutions, lending units and loan rules in SQL, put into force as one generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from registry.domain.institution import Agreement, Institution, LendingUnit, LoanRules, Publication, RulesText
from registry.services.ports import RulesTextChangedError
from registry.storage import tables
from registry.storage.transaction import Lock, Row, Transaction

_INSTITUTION = ("id", "name", "parent", "unit")
_UNIT = ("id", "acceptance", "minimum_age", "pin_authority", "carrier")
_AGREEMENT = ("agreement_reference", "agreement_from", "agreement_until")


class SqlLibraries:
    """Implements :class:`registry.services.ports.Libraries`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.has_published = False

    async def generation(self) -> int:
        """Return the generation in force; 0 before anything was published."""
        return int(await self._transaction.value(select(tables.publication.c.generation)) or 0)

    async def published(self) -> Publication:
        """Return what is in force, in the order of ids."""
        institution, unit = tables.institution, tables.lending_unit
        institutions = await self._transaction.rows(
            select(*(institution.c[name] for name in (*_INSTITUTION, *_AGREEMENT)))
            .where(institution.c.in_force)
            .order_by(institution.c.id)
        )
        units = await self._transaction.rows(
            select(*(unit.c[name] for name in (*_UNIT, *_AGREEMENT)), unit.c.rules_version)
            .where(unit.c.in_force)
            .order_by(unit.c.id)
        )
        rules = await self._rules_in_force()
        return Publication(
            institutions=tuple(
                Institution(**dict(zip(_INSTITUTION, row, strict=False)), agreement=_agreement(row[-3:]))
                for row in institutions
            ),
            units=tuple(
                LendingUnit(
                    **dict(zip(_UNIT, row, strict=False)), agreement=_agreement(row[-4:-1]), rules=rules.get(row[0])
                )
                for row in units
            ),
        )

    async def publish(self, publication: Publication) -> int:
        """Put a whole publication in force and return its generation; the same content keeps the generation.

        Institutions and units that are gone are kept for history and no longer in force. Raises
        ``RulesTextChangedError`` where a text of a published (unit, version, language) differs.
        """
        await self._transaction.lock(Lock.PUBLICATION, "")
        generation = await self.generation()
        if generation and _in_order(publication) == await self.published():
            return generation
        await self._check_texts(publication)
        for table in (tables.institution, tables.lending_unit, tables.rules_text):
            await self._transaction.execute(update(table).values(in_force=False))
        for unit in publication.units:
            await self._put_unit(unit)
        for institution in publication.institutions:
            values = {name: getattr(institution, name) for name in _INSTITUTION}
            await self._put(tables.institution, {**values, **_agreement_values(institution.agreement)}, "id")
        await self._transaction.upsert(tables.publication, {"id": 1, "generation": generation + 1}, "id")
        self.has_published = True
        return generation + 1

    async def _rules_in_force(self) -> Mapping[str, LoanRules]:
        unit, rules, text = tables.lending_unit, tables.loan_rules, tables.rules_text
        versions = await self._transaction.rows(
            select(unit.c.id, rules.c.version, rules.c.renew_acceptance).where(
                rules.c.unit == unit.c.id, rules.c.version == unit.c.rules_version
            )
        )
        texts: dict[tuple[str, str], dict[str, RulesText]] = {}
        for key, version, language, short, full in await self._transaction.rows(
            select(text.c.unit, text.c.version, text.c.language, text.c.short, text.c.full)
            .where(text.c.in_force)
            .order_by(text.c.language)
        ):
            texts.setdefault((key, version), {})[language] = RulesText(short=short, full=full)
        return {
            key: LoanRules(version=version, texts=texts.get((key, version), {}), renew_acceptance=renew)
            for key, version, renew in versions
        }

    async def _check_texts(self, publication: Publication) -> None:
        text = tables.rules_text
        known = {
            (key, version, language): RulesText(short=short, full=full)
            for key, version, language, short, full in await self._transaction.rows(
                select(text.c.unit, text.c.version, text.c.language, text.c.short, text.c.full)
            )
        }
        for unit in publication.units:
            for language, new in (unit.rules.texts if unit.rules else {}).items():
                version = unit.rules.version if unit.rules else ""
                if known.get((unit.id, version, language), new) != new:
                    raise RulesTextChangedError(f"unit {unit.id}, rules version {version}, language {language}")

    async def _put_unit(self, unit: LendingUnit) -> None:
        values = {name: getattr(unit, name) for name in _UNIT}
        version = unit.rules.version if unit.rules else None
        await self._put(
            tables.lending_unit, {**values, **_agreement_values(unit.agreement), "rules_version": version}, "id"
        )
        if unit.rules is None:
            return
        rules = {"unit": unit.id, "version": version, "renew_acceptance": unit.rules.renew_acceptance}
        await self._transaction.upsert(tables.loan_rules, rules, "unit", "version")
        for language, text in unit.rules.texts.items():
            values = {"unit": unit.id, "version": version, "language": language, "short": text.short, "full": text.full}
            await self._put(tables.rules_text, values, "unit", "version", "language")

    async def _put(self, table: Any, values: dict[str, Any], *key: str) -> None:
        await self._transaction.upsert(table, {**values, "in_force": True}, *key)


def _in_order(publication: Publication) -> Publication:
    """Return the publication as :meth:`SqlLibraries.published` gives it back."""
    return Publication(
        institutions=tuple(sorted(publication.institutions, key=lambda each: each.id)),
        units=tuple(sorted(publication.units, key=lambda each: each.id)),
    )


def _agreement(row: Row) -> Agreement | None:
    reference, valid_from, valid_until = row
    if reference is None:
        return None
    return Agreement(reference=reference, valid_from=valid_from, valid_until=valid_until)


def _agreement_values(agreement: Agreement | None) -> dict[str, Any]:
    values = (agreement.reference, agreement.valid_from, agreement.valid_until) if agreement else (None, None, None)
    return dict(zip(_AGREEMENT, values, strict=True))
