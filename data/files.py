"""The files given to an import: what they are called, and which of them are new."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import SourceError, WorkspaceError
from data.findings import Finding
from data.mapping import Mapping
from data.tables import TABLES
from data.workspace import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file to import.

    Attributes:
        name: what reports call it: its name, or its path where another file has the same name.
        path: where it lies.
        digest: SHA-256 of its content (of what is inside, for gzip).
    """

    name: str
    path: Path
    digest: str


def look_at(paths: Sequence[Path]) -> list[File]:
    """The files, each content once.

    Raises:
        SourceError: a file is not there, or cannot be read.
    """
    digests, findings = {}, []
    for path in dict.fromkeys(paths):
        try:
            digests[path] = _content_digest(path)
        except OSError as error:
            hint = f"The file cannot be read ({error.strerror}); check its name and permissions."
            findings.append(Finding(str(path), 0, "", "", "no_file", hint))
    if findings:
        raise SourceError(findings)
    first = {digest: path for path, digest in reversed(digests.items())}
    paths = [path for path in digests if first[digests[path]] == path]
    called = Counter(path.name for path in paths)
    return [
        File(
            name=path.name if called[path.name] == 1 else str(path),
            path=path,
            digest=digests[path],
        )
        for path in paths
    ]


def _content_digest(path: Path) -> str:
    """SHA-256 of a file's content, of what is packed where it is a sound gzip archive."""
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            try:
                with gzip.open(path) as packed:
                    return hashlib.file_digest(packed, "sha256").hexdigest()
            except (EOFError, gzip.BadGzipFile, zlib.error):
                pass  # a damaged archive: reading it will say so
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_imported(files: Sequence[File], mapping: Mapping, records: Records) -> list[File]:
    """The files that this mapping has not brought in yet.

    Raises:
        WorkspaceError: another mapping has brought one in, whose rows would count twice.
    """
    fresh = []
    for file in files:
        before = [record for record in records if record["sha256"] == file.digest]
        if any(record["mapping"] == mapping.digest for record in before):
            continue
        unkeyed = {name for name, table in TABLES.items() if not table.key}
        fed = _tables_fed(mapping, file) & unkeyed
        if any(fed & set(record["tables"]) for record in before):
            raise WorkspaceError(
                "This file was imported with another mapping; its rows would count twice.",
                where=str(file.path),
                fix="Import everything with the new mapping into a new workspace.",
            )
        fresh.append(file)
    return fresh


def records_of(files: Sequence[File], mapping: Mapping, digest: str) -> Records:
    """What the workspace notes of an import, a record a file."""
    return [
        {
            "import": digest,
            "file": file.name,
            "sha256": file.digest,
            "mapping": mapping.digest,
            "tables": sorted(_tables_fed(mapping, file)),
        }
        for file in files
    ]


def _tables_fed(mapping: Mapping, file: File) -> set[str]:
    """The tables that a file feeds."""
    return {
        table
        for source in mapping.sources
        if source.takes(file.path.name)
        for table in source.tables
    }
