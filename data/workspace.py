"""The workspace: one folder that holds a firm's tables, models, plans, reports and database.

    workspace.json      marks the folder as a workspace and gives its format
    customer.key        the key of the customers' pseudonyms (0600), unless the environment has it
    atelier.toml        settings of this workspace (optional)
    tables/*.parquet    the canonical tables
    tables/imports.json the files that they were imported from
    products/           models of products that customers compose, with their options (optional)
    choices/<id>/       learned choices
    quarantine/         rows that imports set aside
    models/<id>/        saved models
    forecasts/<id>/     saved forecasts
    plans/<id>/         saved plans
    tuning/             searches of hyperparameters, and what they chose
    reports/            rendered reports
    atelier.db          what must be transactional (SQLite, unless moved to PostgreSQL)

Tables change all at once: a complete new folder is written and synced, then takes the place of
`tables/` in two renames. `open` finishes or undoes what a crash cut off between them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import read_schema

from data.customers import Pseudonyms, new_pseudonyms, read_pseudonyms, write_key
from data.errors import WorkspaceError
from data.failpoints import reach
from data.kept import to_disk
from data.tables import TABLES, Table

FORMAT: Final = 2
"""Since 2 customers are under pseudonyms."""

RAW_FORMAT: Final = 1

FOLDERS: Final = ("tables", "models", "plans", "reports")
NEW: Final = "tables.new"
OLD: Final = "tables.old"

SECONDS_BETWEEN_LOCKS: Final = 0.05

PATIENCE = 10.0
"""Seconds to wait for another who is changing the tables: orders join them within one or two, an
import or a backup may take minutes."""

LONG_PATIENCE: Final = 3_600.0
"""The same for work of minutes, which should not be lost to an import or a backup."""

Records = list[dict[str, Any]]
"""The imports of a workspace, oldest first, as in `tables/imports.json`."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One folder of canonical tables and what was made of them."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Workspace:
        """Make an empty workspace, or open the one that is there.

        Raises:
            WorkspaceError: the folder holds something else, or cannot be written.
        """
        if not (root / "workspace.json").exists():
            with cls.building(root):
                pass
        return cls.open(root)

    @classmethod
    @contextmanager
    def building(cls, root: Path, pseudonyms: Pseudonyms | None = None) -> Iterator[Workspace]:
        """A new workspace to fill; it appears at `root` whole at the end, or not at all.

        Args:
            root: where.
            pseudonyms: of its customers; None for new ones.

        Raises:
            WorkspaceError: the folder holds something else, or cannot be written.
        """
        check_free(root)
        pseudonyms = pseudonyms or new_pseudonyms()
        partial = root.parent / f".{root.resolve().name}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            for folder in FOLDERS:
                (partial / folder).mkdir(parents=True)
            write_key(partial, pseudonyms)
            write_marker(partial, pseudonyms)
            yield cls(partial)
            reach("workspace-built")
            partial.rename(root)
            to_disk(root.parent)
        except OSError as error:
            raise _unwritable(root, error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open a workspace, and mend what a crash left of a change of its tables.

        Raises:
            WorkspaceError: the folder is missing, no workspace, or of another format.
        """
        marker = root / "workspace.json"
        if not marker.is_file():
            raise WorkspaceError(
                "There is no Atelier workspace here.",
                where=str(root),
                fix="Make one with 'atelier import FILE… --mapping NAME --workspace DIR'.",
            )
        try:
            found = _marker(root)["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                "The workspace's marker cannot be read.",
                where=str(marker),
                fix="Restore the file, or import again into a new folder.",
            ) from error
        if found == RAW_FORMAT:
            raise WorkspaceError(
                "The workspace holds customers under the ids that the shop gives them.",
                where=str(root),
                fix="Put them under pseudonyms with 'atelier customers protect --workspace DIR', "
                "then train again; or import again into a new folder.",
            )
        if found != FORMAT:
            raise WorkspaceError(
                f"The workspace has format {found!r}; this Atelier reads {FORMAT}.",
                where=str(root),
                fix="Use the version that made it, or import again into a new folder.",
            )
        workspace = cls(root)
        workspace.recover()
        return workspace

    def pseudonyms(self) -> Pseudonyms:
        """What this workspace calls its customers.

        Raises:
            WorkspaceError: their key is missing, or another one.
        """
        return read_pseudonyms(self.root, str(_marker(self.root).get("customers", "")))

    def path(self, table: Table) -> Path:
        """Where a table lies."""
        return self.root / "tables" / f"{table.name}.parquet"

    def has(self, table: Table) -> bool:
        """Whether the table has been imported."""
        return self.path(table).is_file()

    def read(self, table: Table, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table as imported: canonical columns first, then its open columns.

        Args:
            table: which.
            columns: only these, as far as it has them: a column is read much faster than all.

        Raises:
            WorkspaceError: the table has not been imported, or its file is damaged.
        """
        if not self.has(table):
            raise WorkspaceError(
                f"The workspace has no table '{table.name}'.",
                where=str(self.root),
                fix=f"Import a file whose mapping feeds '{table.name}'.",
            )
        try:
            if columns is not None:
                held = set(read_schema(self.path(table)).names)
                columns = [name for name in columns if name in held]
            return pd.read_parquet(self.path(table), columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise WorkspaceError(
                f"The table '{table.name}' is damaged.",
                where=str(self.path(table)),
                fix="Restore the file, or import again into a new folder.",
            ) from error

    def write(self, tables: Mapping[str, pd.DataFrame], *, imports: Records | None = None) -> None:
        """Put tables in place of the ones of the same names, all of them or none.

        Args:
            tables: canonical tables by name.
            imports: the new list of imports; None keeps the one that is there.

        Raises:
            WorkspaceError: another process is writing, or the folder cannot be written.
        """
        with self.locked():
            self.swap(tables, imports=imports)

    def swap(self, tables: Mapping[str, pd.DataFrame], *, imports: Records | None = None) -> None:
        """`write` for a caller that holds `locked` already."""
        try:
            self._prepare(tables, imports)
            reach("tables-written")
            (self.root / "tables").rename(self.root / OLD)
            reach("tables-away")
            (self.root / NEW).rename(self.root / "tables")
            to_disk(self.root)
            reach("tables-swapped")
            shutil.rmtree(self.root / OLD)
        except OSError as error:
            raise _unwritable(self.root, error) from error

    def imports(self) -> Records:
        """The imports that the tables came from, oldest first."""
        path = self.root / "tables" / "imports.json"
        if not path.is_file():
            return []
        records: Records = json.loads(path.read_text(encoding="utf-8"))
        return records

    def digest(self) -> str:
        """SHA-256 over the tables' bytes: what a model or a plan was made from."""
        digest = hashlib.sha256()
        for name in sorted(TABLES):
            if self.has(TABLES[name]):
                digest.update(name.encode())
                with self.path(TABLES[name]).open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @contextmanager
    def locked(self, patience: float | None = None) -> Iterator[None]:
        """Hold the workspace's tables for writing.

        Args:
            patience: seconds to wait for another process that holds them; PATIENCE without.

        Raises:
            WorkspaceError: another process holds them.
        """
        try:
            lock = (self.root / ".lock").open("a")
        except OSError as error:
            raise _unwritable(self.root, error) from error
        with lock:
            ends = time.monotonic() + (PATIENCE if patience is None else patience)
            while not _lock(lock):
                if time.monotonic() >= ends:
                    raise WorkspaceError(
                        "Another process is changing this workspace's tables.",
                        where=str(self.root),
                        fix="Wait for it to finish, then try again.",
                    )
                time.sleep(SECONDS_BETWEEN_LOCKS)
            yield

    def _prepare(self, tables: Mapping[str, pd.DataFrame], imports: Records | None) -> None:
        """Write the complete next `tables/` beside the present one, synced to the disk."""
        new = self.root / NEW
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        for old in (self.root / "tables").iterdir():
            replaced = old.stem in tables or (old.name == "imports.json" and imports is not None)
            if not replaced:
                os.link(old, new / old.name)
        for name, frame in tables.items():
            path = new / f"{name}.parquet"
            frame.to_parquet(path, index=False)
            to_disk(path)
            reach(f"table-{name}")
        if imports is not None:
            _write_synced(new / "imports.json", json.dumps(imports, indent=1) + "\n")
        to_disk(new)

    def recover(self) -> None:
        """Finish or undo a change of tables that a crash cut off."""
        tables, new, old = (self.root / name for name in ("tables", NEW, OLD))
        if tables.is_dir() and not new.exists() and not old.exists():
            return
        try:
            with self.locked(0 if tables.is_dir() else None):
                if not tables.is_dir():
                    (new if new.is_dir() else old).rename(tables)
                shutil.rmtree(new, ignore_errors=True)
                shutil.rmtree(old, ignore_errors=True)
        except WorkspaceError:
            if not tables.is_dir():
                raise
        except OSError as error:
            raise _unwritable(self.root, error) from error


def _lock(file: IO[str]) -> bool:
    """Whether a file's lock could be had at once."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_marker(root: Path, pseudonyms: Pseudonyms) -> None:
    """Mark a folder as a workspace of the present format; it tells the customers' key."""
    content = {"format": FORMAT, "customers": pseudonyms.check()}
    temporary = root / ".workspace.json"
    _write_synced(temporary, json.dumps(content) + "\n")
    temporary.replace(root / "workspace.json")
    to_disk(root)


def _marker(root: Path) -> dict[str, Any]:
    marker: dict[str, Any] = json.loads((root / "workspace.json").read_text(encoding="utf-8"))
    return marker


def check_free(root: Path) -> None:
    """Refuse a folder in which no workspace can be made.

    Raises:
        WorkspaceError: it holds something else.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise WorkspaceError(
            "This is no Atelier workspace, and it is not empty.",
            where=str(root),
            fix="Name a new or an empty folder.",
        )


def _unwritable(root: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"The workspace cannot be written ({error.strerror}).",
        where=str(root),
        fix="Check the disk's space and the folder's permissions.",
    )


def _write_synced(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    to_disk(path)
