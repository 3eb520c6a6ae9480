"""Group commit: writers that wait at once share a transaction, and so its sync to the disk.

Whoever has the turn does the work of all who wait, each in a savepoint of its own, and commits
once (flat combining: D. Hendler, I. Incze, N. Shavit and M. Tzafrir, Flat combining and the
synchronization-parallelism tradeoff, 2010). Nobody has an answer before that commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from data.errors import StoreError

MOST_TOGETHER: Final = 32

Work = Callable[[Connection], Any]


@dataclass(slots=True, eq=False)
class Ticket:
    """One writer's work, and what came of it."""

    work: Work
    value: Any = None
    error: Exception | None = None
    done: bool = False

    def result(self) -> Any:
        """What the work gave; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.value


@dataclass(frozen=True, slots=True)
class Combiner:
    """Writers of one process, in turn.

    Attributes:
        turn: held by the one who writes.
        waiting: who waits, first come first served.
    """

    turn: Lock = field(default_factory=Lock)
    waiting: deque[Ticket] = field(default_factory=deque)

    def run(
        self,
        work: Work,
        *,
        transaction: Callable[[], AbstractContextManager[Connection]],
        patience: float,
        busy: Callable[[], StoreError],
    ) -> Any:
        """What some work in a transaction gives; others' may be done in the same.

        Args:
            work: done in a savepoint: what it raises undoes it alone, but a store that fails
                undoes the transaction for all.
            transaction: begins one; commits at the end.
            patience: seconds to wait for the turn.
            busy: what to raise when they are over.
        """
        ticket = Ticket(work)
        self.waiting.append(ticket)
        if not self.turn.acquire(timeout=patience):
            try:
                self.waiting.remove(ticket)
            except ValueError:
                self.turn.acquire()  # somebody is at it: what comes of it must be known
            else:
                raise busy()
        try:
            while not ticket.done:
                self._run(transaction)
        finally:
            self.turn.release()
        return ticket.result()

    def _run(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Do the work of those who wait longest, in one transaction."""
        batch: list[Ticket] = []
        while self.waiting and len(batch) < MOST_TOGETHER:
            batch.append(self.waiting.popleft())
        try:
            with transaction() as connection:
                for ticket in batch:
                    _do(connection, ticket, alone=len(batch) == 1)
        except Exception as error:  # it is raised where the work was asked for
            for ticket in batch:
                ticket.error = error
        finally:
            for ticket in batch:
                ticket.done = True


def _do(connection: Connection, ticket: Ticket, *, alone: bool) -> None:
    if alone:  # what it raises undoes the transaction, which is all its own
        ticket.value = ticket.work(connection)
        return
    connection.exec_driver_sql("SAVEPOINT one")
    try:
        ticket.value = ticket.work(connection)
    except (SQLAlchemyError, OSError):
        raise
    except Exception as error:  # likewise
        connection.exec_driver_sql("ROLLBACK TO one")
        ticket.error = error
    connection.exec_driver_sql("RELEASE one")
