"""Statements that go to the database together, for the price of one journey.

On PostgreSQL they are sent down one pipeline (libpq's, by psycopg) and awaited once, so a step that
writes eight rows does not wait eight times; SQLite has no journey to save and does them in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from data.store.sealed import SealedText

Statement = tuple[UpdateBase, Mapping[str, Any]]
"""What to write, and its parameters by name: numbers, texts, days, times, None."""

_WITH_COMMIT: Final = "atelier_with_commit"
_DIFFERENT_STATEMENTS: Final = 64


def together(connection: Connection, statements: Iterable[Statement]) -> list[int]:
    """Do some statements in their order; the rows that each changed.

    None may depend on another's answer: all are done, or the first that fails ends the transaction.

    Raises:
        SQLAlchemyError: as `Connection.execute`.
    """
    if connection.dialect.name != "postgresql":
        return [connection.execute(what, values).rowcount for what, values in statements]
    with _pipeline(connection) as driver:
        cursors = [_send(connection, driver, statement) for statement in statements]
    return [cursor.rowcount for cursor in cursors]


def with_commit(connection: Connection, statements: Sequence[Statement]) -> None:
    """Do some statements last of all in a transaction; on PostgreSQL they go with its commit."""
    if connection.dialect.name == "postgresql":
        connection.info.setdefault(_WITH_COMMIT, []).extend(statements)
    else:
        together(connection, statements)


def commit(connection: Connection) -> None:
    """Commit a transaction, what was left for then included.

    Raises:
        SQLAlchemyError: as `Connection.commit`.
    """
    if left := connection.info.pop(_WITH_COMMIT, ()):
        with _pipeline(connection) as driver:
            for statement in left:
                _send(connection, driver, statement)
            driver.commit()
    connection.commit()


def forget(connection: Connection) -> None:
    """Leave undone what was left for the commit."""
    connection.info.pop(_WITH_COMMIT, None)


@contextmanager
def _pipeline(connection: Connection) -> Iterator[Any]:
    """A connection of psycopg's, whose statements go down a pipeline until the end."""
    import psycopg  # noqa: PLC0415  # a store in a file does without it

    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield driver
    except psycopg.Error as error:
        # As SQLAlchemy's own execution raises it, so that one place explains the store's errors.
        raise DBAPIError.instance(
            statement="",
            params=None,
            orig=error,
            dbapi_base_err=psycopg.Error,
            hide_parameters=True,
            connection_invalidated=driver.closed,
            dialect=connection.dialect,
        ) from error


def _send(connection: Connection, driver: Any, statement: Statement) -> Any:
    what, values = statement
    text, constants, sealed = _text(what)
    sent = {**constants, **values}
    for name, kind in sealed.items():  # the driver knows nothing of it
        sent[name] = kind.process_bind_param(sent[name], connection.dialect)
    return driver.execute(text, sent)


@lru_cache(_DIFFERENT_STATEMENTS)
def _text(statement: UpdateBase) -> tuple[str, dict[str, Any], dict[str, SealedText]]:
    """A statement in PostgreSQL's words with places for its parameters, its constants and seals."""
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415  # likewise

    dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's lack of types
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    kinds = {name: bound.type for name, bound in compiled.binds.items()}
    sealed = {name: kind for name, kind in kinds.items() if isinstance(kind, SealedText)}
    return str(compiled), constants, sealed
