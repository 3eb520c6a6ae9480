"""Columns of free text: sealed as they are written, opened as they are read.

The keys come with the connections: each engine has a dialect of its own, which every statement's
parameters and rows pass by, so that no query can forget them and nothing is global. Such a column
cannot be compared with a text, since a text is sealed differently each time.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Dialect, Engine, LargeBinary, Text, TypeDecorator
from sqlalchemy.sql import operators

from data.sealing import Seals

_SEALS: Final = "atelier_seals"
_ALLOWED: Final = frozenset({operators.is_, operators.is_not})


class _Compared(TypeDecorator.Comparator[Any]):
    """Refuses what would compare sealed texts."""

    def operate(self, op: Any, *other: Any, **options: Any) -> Any:
        """Only whether there is a value can be asked for."""
        if op not in _ALLOWED:
            raise TypeError("a sealed column cannot be compared: read it, then look at the text")
        return super().operate(op, *other, **options)


class SealedText(TypeDecorator[str]):
    """Text that is sealed at rest; None stays."""

    impl = Text
    cache_ok = True
    comparator_factory = _Compared

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """As it is stored."""
        return None if value is None else seals_of(dialect).seal_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """As it was written; FieldKeyRefused or SealBroken where it cannot be opened."""
        return None if value is None else seals_of(dialect).open_text(value)


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that are sealed at rest; None stays."""

    impl = LargeBinary
    cache_ok = True
    comparator_factory = _Compared

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """As they are stored."""
        return None if value is None else seals_of(dialect).seal(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """As they were written; FieldKeyRefused or SealBroken where they cannot be opened."""
        return None if value is None else seals_of(dialect).open(value)


SEALED_KINDS: Final = (SealedText, SealedBytes)


def give_seals(engine: Engine, seals: Seals) -> Engine:
    """Let an engine's connections seal and open."""
    setattr(engine.dialect, _SEALS, seals)
    return engine


def seals_of(dialect: Dialect) -> Seals:
    """The keys of the connections that a dialect belongs to."""
    found: Seals = getattr(dialect, _SEALS)
    return found
