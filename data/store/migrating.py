"""A store's tables: made, and brought from one version to the next, when a store is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, inspect, text

from data.errors import SchemaError, StoreError
from data.sealing import Seals
from data.store.database import Database, open_database
from data.store.field_keys import take_up_field_key

NEWEST: Final = "r0009"
"""The version of the tables that this program reads and writes; a test holds it to the last
file in `migrations/`."""

MIGRATIONS: Final = Path(__file__).with_name("migrations")
SCHEMA_LOCK: Final = 0x4A7E11E5
"""Advisory lock under which PostgreSQL's tables are made, by one process at a time."""

SchemaState = Literal["none", "current", "older", "newer"]


def open_migrated(url: str, patience: float, seals: Seals | None = None) -> Database:
    """A database by URL, its tables of the newest version, its free text to be read.

    Errors as of `open_database`, `bring_up` and `take_up_field_key`.
    """
    database = open_database(url, patience, seals)
    try:
        bring_up(database)
        take_up_field_key(database)
    except StoreError:
        database.close()
        raise
    return database


def bring_up(database: Database) -> None:
    """Make or migrate the tables where they are not of the newest version.

    One process does it, in one transaction; others wait for it. Where nothing is to be done it
    is a single read.

    Raises:
        SchemaError: the tables are of a version that this program does not know.
        StoreError: the store is away, busy, full or read-only.
    """
    with database.transaction(reads=True) as connection:
        if _version(connection) == NEWEST:
            return
    with database.transaction() as connection:
        if database.is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK})
        version = _version(connection)
        if version != NEWEST:
            _refuse_newer(database, version)
            _migrate(connection)


def schema_state(database: Database) -> SchemaState:
    """How a store's tables stand to this program; changes nothing."""
    with database.transaction(reads=True) as connection:
        version = _version(connection)
    if version is None:
        return "none"
    if version == NEWEST:
        return "current"
    return "older" if version in known_versions() else "newer"


def known_versions() -> list[str]:
    """The versions that this program can start from, oldest first."""
    return sorted(path.stem for path in MIGRATIONS.glob("r[0-9]*.py"))


def _version(connection: Connection) -> str | None:
    """The version that a store's tables are of; None where none is written down."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _refuse_newer(database: Database, version: str | None) -> None:
    if version is not None and version not in known_versions():
        raise SchemaError(
            f"The store's tables are of version {version[:40]!a}, this program's of {NEWEST}.",
            where=database.engine.url.render_as_string(hide_password=True),
            fix="Use the Atelier that wrote it, or a newer one.",
        )


def _migrate(connection: Connection) -> None:
    """Run the migrations that are missing, within the connection's transaction."""
    from alembic.config import Config  # noqa: PLC0415  # a third of a second, and seldom needed
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415  # likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # likewise

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)
    context = EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs("head", revision),
        destination_rev="head",
    )
    with context:
        context.configure(connection=connection)
        context.run_migrations()
