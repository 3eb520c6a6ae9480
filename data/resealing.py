"""Sealing what a store holds anew under the newest field key, or opening it again.

Every text goes on being readable meanwhile: a row is changed only if it still is as it was read,
in transactions of a few rows, beside a service that has the same keys. Doing it again goes on where
it was cut off, and changes nothing where nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)

from data.erasing import scrub
from data.errors import SealBroken, StoreError
from data.failpoints import reach
from data.jobs.table import jobs
from data.ledger.schema import lines, orders, quotes
from data.sealing import SEALED, Seals
from data.store.database import Database
from data.store.dead_letters import dead_letters
from data.store.field_keys import check_field_key, field_keys, take_up_field_key
from data.store.sealed import SEALED_KINDS, SealedBytes

SEALED_TABLES: Final = (orders, lines, quotes, dead_letters, jobs)
ROWS_A_TIME: Final = 200


@dataclass(frozen=True, slots=True)
class Texts:
    """How the texts of a store are kept; empty ones are not counted.

    Attributes:
        newest: sealed under the newest key that is given.
        older: sealed under another.
        plain: stored as they were written.
    """

    newest: int = 0
    older: int = 0
    plain: int = 0

    def __add__(self, other: Texts) -> Texts:
        return Texts(self.newest + other.newest, self.older + other.older, self.plain + other.plain)

    def left(self, seals: Seals) -> int:
        """How many are not kept as the keys say they should be."""
        return self.older + (0 if seals.newest is None else self.plain)


def texts_of(database: Database) -> Texts:
    """How the texts of a store are kept; O(rows).

    Raises:
        StoreError: the store is away or busy.
    """
    with database.transaction(reads=True) as connection:
        return _texts_of(connection, database.seals)


def reseal(database: Database) -> int:
    """Bring all texts under the newest key, or have them as written where there is none.

    Then older keys are forgotten, and the store's files rewritten, which held what was replaced.

    Returns:
        How many texts were changed.

    Raises:
        FieldKeyRefused: a key that text is sealed under is not given.
        SealBroken: a text was altered or is damaged; `where` names its row.
        StoreError: the store is away, busy, full or read-only.
    """
    check_field_key(database)
    take_up_field_key(database)
    changed = sum(_reseal(database, table, column) for table, column in sealed_columns())
    database.retried(lambda connection: _forget_older(connection, database.seals))
    reach("resealed")
    try:
        scrub(database)
    except StoreError as error:
        raise StoreError(
            "All texts are as they should be, but the store's files may still hold what they "
            "replaced.",
            where=error.where,
            fix="Do it again when less is going on.",
        ) from error
    return changed


def sealed_columns() -> Iterator[tuple[Table, Column[Any]]]:
    """The columns of free text, with their tables."""
    for table in SEALED_TABLES:
        for column in table.columns:
            if isinstance(column.type, SEALED_KINDS):
                yield table, column


def _reseal(database: Database, table: Table, column: Column[Any]) -> int:
    """Bring a column's texts under the newest key, some rows at a time by their key."""
    changed, after = 0, None
    while True:

        def work(
            connection: Connection, after: tuple[Any, ...] | None = after
        ) -> tuple[int, tuple[Any, ...] | None]:
            return _reseal_some(connection, database.seals, table, column, after)

        some, after = database.retried(work)
        changed += some
        reach("some-resealed")
        if after is None:
            return changed


def _reseal_some(
    connection: Connection,
    seals: Seals,
    table: Table,
    column: Column[Any],
    after: tuple[Any, ...] | None,
) -> tuple[int, tuple[Any, ...] | None]:
    """How many texts of the next rows were changed, and the last row's key; None at the end."""
    key, stored = list(table.primary_key), _stored(column)
    query = select(*key, stored.label("stored")).where(_pending(column, seals))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*map(literal, after)))
    rows = connection.execute(query.order_by(*key).limit(ROWS_A_TIME)).all()
    anew = (
        update(table)
        .where(*(one == bindparam(f"key_{one.name}") for one in key))
        .where(stored == bindparam("before", type_=stored.type))  # unless it has changed since
        .values({column: bindparam("after", type_=stored.type)})
    )
    changed = 0
    for *place, before in rows:
        try:
            opened = _opened(seals, before)
        except SealBroken as error:
            where = f"{table.name}.{column.name} of {' '.join(map(str, place))}"
            raise SealBroken(error.what, where=where, fix=error.fix) from None
        values = {f"key_{one.name}": at for one, at in zip(key, place, strict=True)}
        values |= {"before": before, "after": _sealed(seals, opened)}
        changed += connection.execute(anew, values).rowcount
    return changed, tuple(rows[-1][:-1]) if len(rows) == ROWS_A_TIME else None


def _forget_older(connection: Connection, seals: Seals) -> None:
    """Forget the keys that no text is sealed under any more."""
    if not _texts_of(connection, seals).left(seals):
        connection.execute(delete(field_keys).where(field_keys.c.key_id != (seals.newest or "")))


def _texts_of(connection: Connection, seals: Seals) -> Texts:
    found = Texts()
    for table, column in sealed_columns():
        stored = _stored(column)
        newest, sealed = _begins(column, _prefix(seals)), _begins(column, SEALED)
        counted = (newest, sealed & ~newest, ~sealed)
        sums = [func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in counted]
        query = select(*sums).select_from(table).where(stored != _literal(column, b""))
        found += Texts(*(int(one) for one in connection.execute(query).one()))
    return found


def _pending(column: Column[Any], seals: Seals) -> ColumnElement[bool]:
    """Which texts are not kept as the keys say they should be."""
    if seals.newest is None:
        return _begins(column, SEALED)
    return (_stored(column) != _literal(column, b"")) & ~_begins(column, _prefix(seals))


def _prefix(seals: Seals) -> bytes:
    """How texts under the newest key begin; where there is none, as none do."""
    return SEALED + (seals.newest or "none").encode() + b":"


def _begins(column: Column[Any], prefix: bytes) -> ColumnElement[bool]:
    begin: ColumnElement[Any] = func.substr(
        _stored(column), 1, len(prefix), type_=_stored(column).type
    )
    return begin == _literal(column, prefix)


def _stored(column: Column[Any]) -> ColumnElement[Any]:
    """A column as it is stored."""
    return type_coerce(column, LargeBinary() if isinstance(column.type, SealedBytes) else Text())


def _literal(column: Column[Any], content: bytes) -> ColumnElement[Any]:
    if isinstance(column.type, SealedBytes):
        return literal(content, LargeBinary())
    return literal(content.decode(), Text())


def _opened(seals: Seals, stored: str | bytes) -> str | bytes:
    return seals.open_text(stored) if isinstance(stored, str) else seals.open(stored)


def _sealed(seals: Seals, content: str | bytes) -> str | bytes:
    return seals.seal_text(content) if isinstance(content, str) else seals.seal(content)
