"""What constraints say: formulas over features, and terms that stand for numbers and texts.

Features are named by their place in the model. Numbers are exact fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Comparator = Literal["==", "!=", "<", "<=", ">", ">="]
Operator = Literal["+", "-", "*", "/"]
Aggregator = Literal["sum", "avg"]

COMPARATORS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text that is written out."""

    value: Fraction | str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a feature; 0 or the empty text where the feature is not selected."""

    feature: int
    key: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value that is chosen for a typed feature; 0 or empty where it is not selected."""

    feature: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Sum or mean of an attribute over the selected features that have it; of none it is 0."""

    kind: Aggregator
    key: str
    within: int
    """The feature whose subtree counts, itself too; the root for the whole model."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """A term rounded to a whole number, down or up."""

    kind: Literal["floor", "ceil"]
    inner: Term


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two terms reckoned together; a division by 0 makes the comparison false."""

    operator: Operator
    left: Term
    right: Term


Term = Constant | Attribute | Chosen | Aggregate | Rounded | Arithmetic


@dataclass(frozen=True, slots=True)
class Selected:
    """A feature is selected."""

    feature: int


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    inner: Formula


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """Both hold or neither does."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms compared; `line` is where it is written."""

    comparator: Comparator
    left: Term
    right: Term
    line: int


Formula = Selected | Not | All | Any | Same | Comparison
