"""What the tables hold, and that both engines, the migrations and the program agree on it."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect
from sqlalchemy.schema import CreateIndex, CreateTable

from registry.services.ports import AlreadyThereError
from registry.storage.address import parse
from registry.storage.database import Database
from registry.storage.engine import patient_engine
from registry.storage.outages import BrokenRuleError
from registry.storage.tables import metadata
from tests.registry.storage.rows import add_patron, execute

# A11: number, name, identity number, address, phone, e-mail and the libraries; and what proves who somebody is.
PERSONAL = {
    "patron": {
        *("id", "family_name", "given_name", "birth_date", "sex", "language", "home_library"),
        *("registered_lines", "registered_postal_code", "registered_place", "registered_country"),
        *("temporary_lines", "temporary_postal_code", "temporary_place", "temporary_country"),
        *("mobile", "phone", "email", "protected", "minimum_level", "identity_proved", "created_at", "last_activity"),
        *("pin_hash", "pin_pepper", "password_hash", "password_pepper"),
        *("identity_index", "identity_index_key", "identity_encrypted", "identity_key", "audit_salt"),
    },
    "card": {"number", "patron", "state", "kind", "replaced_by", "issued_at"},
    "card_tombstone": {"tombstone", "index_key"},
    "standing": {"patron", "unit", "state", "since", "origin", "local_id"},
    "consent": {"id", "patron", "unit", "rules_version", "language", "channel", "at", "text", "evidence"},
    "encounter": {
        "unit",
        "terminal",
        "card",
        "pin_proved_at",
        "until",
        "rules_offered",
        "offered_language",
        "offered_until",
    },
    "attempt": {"id", "card", "terminal", "institution", "guest", "at", "in_a_row", "of_the_day", "under_way"},
    "stranger_look": {"terminal", "card", "at"},
    "delivery": {
        *("id", "patron", "unit", "kind", "place", "state", "due", "since", "lease_until"),
        *("fence", "wanted", "tries", "sent", "reason"),
    },
    "notice": {
        *("id", "patron", "unit", "kind", "state", "since", "due"),
        *("lease_until", "fence", "tries", "reason"),
    },
    "change_entry": {"unit", "sequence", "card", "kind", "at"},
    "token": {"mark", "purpose", "card", "institution", "until"},
    "performed": {"key", "fingerprint", "patron", "card", "at"},
    "audit": {
        *("id", "at", "action", "actor", "subject_ref", "institution", "facts"),
        *("row_mac", "seq", "mac"),
    },
}
OF_LIBRARIES = {"institution", "lending_unit", "loan_rules", "rules_text", "publication", "commission", "write_probe"}


def test_no_table_holds_a_personal_column_that_is_not_listed() -> None:
    found = {table.name: set(table.columns.keys()) for table in metadata.sorted_tables}
    assert {name: columns for name, columns in found.items() if name not in OF_LIBRARIES} == PERSONAL
    assert found.keys() == PERSONAL.keys() | OF_LIBRARIES


def test_no_column_tells_of_loans_reminders_fees_or_claims() -> None:
    names = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.c}
    forbidden = re.compile(r"loan(?!_rules)|remind|fee|claim|hold|overdue|item|title|balance|amount|due")
    assert [name for name in names if forbidden.search(name)] == []


async def test_the_migrations_make_what_the_program_works_with(url: str) -> None:
    engine = patient_engine(parse(url))

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    def checks(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            table.name: {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
            for table in metadata.sorted_tables
        }

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(checks) == {
            table.name: {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)}
            for table in metadata.sorted_tables
        }
    await engine.dispose()


@pytest.mark.only("sqlite")
async def test_the_file_holds_word_for_word_what_the_tables_say(url: str) -> None:
    engine = patient_engine(parse(url))
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
        )
        found = {_clauses(str(row[0])) for row in rows}
    wanted = [str(CreateTable(table).compile(engine)) for table in metadata.sorted_tables]
    wanted += [str(CreateIndex(index).compile(engine)) for table in metadata.sorted_tables for index in table.indexes]
    assert found == {_clauses(sql) for sql in wanted}
    await engine.dispose()


def _clauses(sql: str) -> tuple[str, ...]:
    """The clauses of a statement, in any order: Alembic writes the constraints in another one, and a column that was
    added later stands last."""
    head, _, rest = " ".join(sql.split()).partition("(")
    body, _, tail = rest.rpartition(")")
    return (head, *sorted(clause.strip() for clause in _COMMA_BETWEEN_CLAUSES.split(body)), tail)


_COMMA_BETWEEN_CLAUSES = re.compile(r",(?![^(]*\))")


def test_every_constraint_and_index_has_a_name() -> None:
    for table in metadata.sorted_tables:
        assert all(one.name for one in table.constraints)
        assert all(one.name for one in table.indexes)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("UPDATE patron SET sex = 'Q'", "ck_patron_sex"),
        ("UPDATE patron SET minimum_level = 'none'", "ck_patron_minimum_level"),
        ("UPDATE patron SET pin_pepper = NULL", "ck_patron_pin_whole"),
        ("UPDATE patron SET identity_key = 'k'", "ck_patron_identity_whole"),
        ("UPDATE card SET state = 'eaten'", "ck_card_state"),
        ("UPDATE card SET replaced_by = number", "ck_card_replaced_by"),
        ("UPDATE card SET number = '1234567890'", "ck_card_number"),
        ("UPDATE write_probe SET id = 2", "ck_write_probe_one_row"),
    ],
)
async def test_the_database_itself_keeps_nonsense_out(database: Database, change: str, rule: str) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    with pytest.raises(BrokenRuleError, match=rule):
        await execute(database, change)


async def test_a_broken_uniqueness_has_the_same_name_on_both_engines(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    with pytest.raises(AlreadyThereError, match=r"^pk_write_probe$"):
        await execute(database, "INSERT INTO write_probe (id, turn) VALUES (1, 1)")


async def test_what_a_broken_rule_says_holds_nothing_of_the_row(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    with pytest.raises(BrokenRuleError) as broken:
        await execute(database, "UPDATE patron SET sex = 'Q'")
    assert str(broken.value).endswith(("ck_patron_sex", "CHECK constraint failed: ck_patron_sex"))
    assert (broken.value.__cause__, broken.value.__context__) == (None, None)
