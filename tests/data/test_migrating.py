"""A store's tables come up to date when it is opened: once, by whoever comes first."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime

import pytest
from sqlalchemy import create_engine, inspect, text

from data.errors import SchemaError
from data.ledger import open_ledger
from data.ledger.schema import metadata as ledger_tables
from data.store import LiveEvent, open_store
from data.store.database import Database, open_database
from data.store.migrating import NEWEST, known_versions, schema_state
from data.store.schema import metadata as store_tables
from tests.paths import ROOT

EVENT = LiveEvent(
    event_id="e",
    customer_id="c",
    variant_id="v",
    kind="view",
    at=datetime(2026, 1, 1),  # noqa: DTZ001  # live events are in local time
)


def as_before_there_were_versions(url: str) -> None:
    """A store as earlier programs made it."""
    database = open_database(url, 5.0)
    with database.transaction() as connection:
        store_tables.create_all(connection)
        connection.execute(store_tables.tables["live_events"].insert(), {**_row()})
    database.close()


def _row() -> dict[str, object]:
    return {name: getattr(EVENT, name) for name in LiveEvent.__dataclass_fields__}


@pytest.fixture
def database(url: str) -> Database:
    return open_database(url, 5.0)


def test_this_program_s_version_is_that_of_the_last_migration() -> None:
    assert known_versions()[-1] == NEWEST


def test_the_migrations_make_the_tables_that_the_program_uses(url: str, database: Database) -> None:
    open_store(url).close()
    with database.transaction(reads=True) as connection:
        found = inspect(connection)
        for tables in (store_tables, ledger_tables):
            for table in tables.sorted_tables:
                columns = {column["name"]: column for column in found.get_columns(table.name)}
                assert list(columns) == [column.name for column in table.columns]
                for column in table.columns:
                    assert columns[column.name]["nullable"] == column.nullable
                key = found.get_pk_constraint(table.name)["constrained_columns"]
                assert key == [column.name for column in table.primary_key]
    database.close()


def test_a_store_of_before_keeps_its_events_and_gains_the_ledger(
    url: str, database: Database
) -> None:
    as_before_there_were_versions(url)
    assert schema_state(database) == "none"
    store = open_store(url)
    assert store.since(EVENT.at) == [EVENT]
    store.close()
    assert schema_state(database) == "current"
    ledger = open_ledger(url)
    assert ledger.audit_head().count == 0
    ledger.close()
    database.close()


def test_an_older_store_is_told_and_brought_up(url: str, database: Database) -> None:
    as_before_there_were_versions(url)
    write_version(database, known_versions()[0])
    assert schema_state(database) == "older"
    open_store(url).close()
    assert schema_state(database) == "current"
    database.close()


def test_a_newer_store_is_refused_and_left_alone(url: str, database: Database) -> None:
    as_before_there_were_versions(url)
    write_version(database, "r9999")
    assert schema_state(database) == "newer"
    for opening in (open_store, open_ledger):
        with pytest.raises(SchemaError, match="'r9999'"):
            opening(url)
    assert schema_state(database) == "newer"
    database.close()


def write_version(database: Database, version: str) -> None:
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:v)"), {"v": version})


def test_processes_that_open_at_once_migrate_it_once(url: str) -> None:
    as_before_there_were_versions(url)
    program = "import sys; from data.store import open_store; open_store(sys.argv[1]).close()"
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", program, url], stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(3)
    ]
    for opener in openers:
        _, said = opener.communicate(timeout=60)
        assert opener.returncode == 0, said
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (NEWEST,)
        ]
    engine.dispose()


def test_opening_what_is_up_to_date_is_quick(url: str) -> None:
    open_store(url).close()
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        open_store(url).close()
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.05
