"""The root of every error, and the data room's branch of the tree.

AtelierError
├── DataError
│   ├── SourceError        a file that cannot be read as what it claims to be
│   ├── MappingError       a mapping that does not fit its file or the tables
│   ├── ImportRefused      a strict import that found bad rows; carries the findings
│   ├── TableError         a table that breaks its own specification
│   ├── WorkspaceError     a folder that is no workspace, or lacks what is asked of it
│   ├── OutsideData        a date that the data do not reach
│   ├── FolderError        a folder that cannot be written
│   ├── EventRefused       a live event that says nothing that can be stored
│   ├── RecordsRefused     a file of records with a line that is none
│   ├── KeyRefused         an API key that cannot be made, or is not there
│   ├── BackupRefused      a backup that cannot be taken, or restored
│   ├── LetterRefused      a message set aside that is not there, or cannot be taken again
│   ├── JobsFull           a job that cannot be queued, for too many wait
│   ├── UnknownJob         no job of that id
│   ├── JobOver            a job that cannot be cancelled, for it is over
│   ├── StoreError         the transactional store is away, busy, full or read-only
│   │   ├── StoreConflict  an event id that the store holds with another content
│   │   └── SchemaError    a store whose tables are not those of this program
│   └── LedgerError        an order or a capacity that the ledger does not take
│       ├── OrderRefused   an order that says nothing that can be held
│       ├── UnknownOrder   no order of that id
│       ├── UnknownQuote   no quote of that id, or one that has ended
│       ├── NoCapacity     a resource and day without any capacity stated
│       ├── OutOfCapacity  less is free than an order needs
│       ├── CapacityTaken  a capacity below what orders have taken of it
│       ├── IllegalStep    a step that the order's state does not allow
│       ├── StaleVersion   a step made for an earlier version of the order
│       └── KeyReused      an Idempotency-Key that stands for another request
├── RecsysError            recsys/errors.py
├── ProductionError        production/errors.py
└── ApiError               api/errors.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # findings load pandas, which `atelier --help` can do without
    from data.findings import Finding


class AtelierError(Exception):
    """Something the data or the request is at fault for: what, where, and what to do.

    Args:
        what: what is wrong, one sentence.
        where: the file, line, column, table, route or field; empty where none applies.
        fix: what the reader can do about it, one sentence.
    """

    code: ClassVar[str] = "atelier"

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy}"


class DataError(AtelierError):
    """The data room's branch."""

    code = "data"


class SourceError(DataError):
    """A file that cannot be read as what it claims to be; `findings` says where it fails."""

    code = "data.source"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(
            f"The file cannot be read: {first.rule.replace('_', ' ')}.",
            where=f"{first.file}:{first.line}" if first.line else first.file,
            fix=first.hint,
        )
        self.findings = tuple(findings)


class MappingError(DataError):
    """A mapping that does not fit its file or the canonical tables."""

    code = "data.mapping"


class ImportRefused(DataError):
    """An import that found bad rows and changed nothing.

    Attributes:
        findings: what is wrong, by file and line, up to a cap.
        total: how many findings there are in all.
    """

    code = "data.import-refused"

    def __init__(self, findings: Sequence[Finding], *, total: int, fix: str) -> None:
        first = findings[0]
        super().__init__(
            f"{total:,} finding{'s' if total != 1 else ''}; nothing was imported. First: {first}",
            fix=fix,
        )
        self.findings = tuple(findings)
        self.total = total


class TableError(DataError):
    """A table that breaks its own specification."""

    code = "data.table"


class WorkspaceError(DataError):
    """A folder that is no workspace, or lacks what is asked of it."""

    code = "data.workspace"


class OutsideData(DataError):
    """A date that the data do not reach."""

    code = "data.outside"


class FolderError(DataError):
    """A folder that cannot be written."""

    code = "data.folder"


class EventRefused(DataError):
    """A live event that says nothing that can be stored."""

    code = "data.event"


class RecordsRefused(DataError):
    """A file of records with a line that is none."""

    code = "data.records-refused"


class KeyRefused(DataError):
    """An API key that cannot be made, or is not there."""

    code = "data.key"


class BackupRefused(DataError):
    """A backup that cannot be taken, or an archive that cannot be restored."""

    code = "data.backup"


class LetterRefused(DataError):
    """A message set aside that is not there, or cannot be taken again."""

    code = "data.letter"


class JobsFull(DataError):
    """A job that cannot be queued, for too many wait."""

    code = "data.jobs-full"


class UnknownJob(DataError):
    """No job of that id."""

    code = "data.unknown-job"


class JobOver(DataError):
    """A job that cannot be cancelled, for it is over."""

    code = "data.job-over"


class StoreError(DataError):
    """The transactional store is away, busy, full or read-only; trying again may help."""

    code = "data.store"


class StoreConflict(StoreError):
    """An event id that the store holds with another content; trying again does not help."""

    code = "data.store-conflict"


class SchemaError(StoreError):
    """A store whose tables are older or newer than this program's; trying again does not help."""

    code = "data.schema"


class FieldKeyRefused(StoreError):
    """A field key that is none, or not the one that text is sealed under."""

    code = "data.field-key"


class SealBroken(StoreError):
    """A sealed text that was altered or is damaged; trying again does not help."""

    code = "data.sealed"


class LedgerError(DataError):
    """An order or a capacity that the ledger does not take; nothing was changed."""

    code = "data.ledger"


class OrderRefused(LedgerError):
    """An order that says nothing that can be held."""

    code = "data.order"


class UnknownOrder(LedgerError):
    """No order of that id."""

    code = "data.unknown-order"


class UnknownQuote(LedgerError):
    """No quote of that id, or one that has ended."""

    code = "data.unknown-quote"


class NoCapacity(LedgerError):
    """A resource and day without any capacity stated."""

    code = "data.no-capacity"


class OutOfCapacity(LedgerError):
    """Less is free than an order needs."""

    code = "data.out-of-capacity"


class CapacityTaken(LedgerError):
    """A capacity below what orders have taken of it."""

    code = "data.capacity-taken"


class IllegalStep(LedgerError):
    """A step that the order's state does not allow."""

    code = "data.illegal-step"


class StaleVersion(LedgerError):
    """A step made for an earlier version of the order."""

    code = "data.stale-version"


class KeyReused(LedgerError):
    """An Idempotency-Key that stands for another request."""

    code = "data.key-reused"
