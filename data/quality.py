"""The quality report: what became of every row that was read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from data.errors import TableError


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuality:
    """What became of one file's rows on one table: read = kept + set aside, always.

    Attributes:
        file: the file's name.
        table: the canonical table.
        read: rows read.
        kept: rows kept.
        set_aside: rows set aside, by rule.
        touched: cells (rows, for cancellation) that a rule changed, by rule.
    """

    file: str
    table: str
    read: int
    kept: int
    set_aside: dict[str, int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.read != self.kept + sum(self.set_aside.values()):
            raise TableError(
                f"{self.read} rows were read, but {self.kept} kept and "
                f"{sum(self.set_aside.values())} set aside.",
                where=f"{self.file}, table '{self.table}'",
                fix="This is a fault of the import; please report it with the mapping.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """What an import did.

    Attributes:
        digest: SHA-256 of the mapping and the files; names the quarantine file.
        files: the names of the files that were read.
        passed_over: files that an import had brought before, or that repeat one of `files`.
        tables: what became of the rows, by file and table.
        derived: rows of each table that was grouped from another.
        held: rows of each table in the workspace after the import.
        undone: order lines of earlier imports that this one's cancellations took units off.
        quarantine: where the rows set aside are listed; None where there are none.
    """

    digest: str
    files: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    tables: tuple[TableQuality, ...] = ()
    derived: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    undone: int = 0
    quarantine: Path | None = None

    @property
    def already(self) -> bool:
        """Every file had been imported before; nothing was changed."""
        return not self.files

    @property
    def read(self) -> int:
        """Rows read, over all files and tables."""
        return sum(table.read for table in self.tables)

    @property
    def kept(self) -> int:
        """Rows kept, over all files and tables."""
        return sum(table.kept for table in self.tables)

    @property
    def set_aside(self) -> dict[str, int]:
        """Rows set aside by rule, over all files and tables, most first."""
        total: dict[str, int] = {}
        for table in self.tables:
            for rule, count in table.set_aside.items():
                total[rule] = total.get(rule, 0) + count
        return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))

    def to_json(self) -> dict[str, Any]:
        """The report for a program."""
        return {
            **asdict(self),
            "quarantine": str(self.quarantine) if self.quarantine else None,
            "already": self.already,
            "read": self.read,
            "kept": self.kept,
            "set_aside": self.set_aside,
        }
