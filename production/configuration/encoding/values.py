"""Numbers and texts of typed features, and numbers of instances: the ranges that rules tell apart.

For a number there are literals "at most v" and "below v" for each v that a rule compares it with;
they are put in order once all are known. Between two neighbours lies a range whose values no rule
tells apart, so a solver decides exactly although values have no end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from production.configuration.encoding.clauses import Clauses, Known
from production.configuration.uvl.expressions import Comparator
from production.configuration.uvl.model import Kind

Bound = tuple[Fraction, bool]
"""A value, and whether it belongs to what lies below the bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values of one feature that no rule tells apart.

    Attributes:
        feature: its place.
        literal: holds where the value lies here.
        low: the bound below, None without end; the value belongs to the range where the flag is
            false (it then does not belong to what lies below).
        high: the bound above likewise; the value belongs to the range where the flag is true.
        text: for texts, the one; None for any other.
    """

    feature: int
    literal: int
    low: Bound | None = None
    high: Bound | None = None
    text: str | None = None

    def __str__(self) -> str:
        if self.text is not None:
            return repr(self.text)
        low, high = self.low, self.high
        if self.only is not None:
            return _plain(self.only)
        parts = [f"{'above' if low[1] else 'from'} {_plain(low[0])}"] if low else []
        parts += [f"{'to' if high[1] else 'below'} {_plain(high[0])}"] if high else []
        return " ".join(parts) or "any other"

    @property
    def only(self) -> Fraction | None:
        """The one number that lies here; None where there are more."""
        ends = self.low is not None and self.high is not None and self.low[0] == self.high[0]
        return self.low[0] if ends and self.low else None

    def holds(self, value: Fraction) -> bool:
        """Whether a number lies here."""
        over = self.low is None or (value > self.low[0] if self.low[1] else value >= self.low[0])
        under = self.high is None or (
            value <= self.high[0] if self.high[1] else value < self.high[0]
        )
        return over and under


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"


class Numbers:
    """The number of one typed feature; 0 where it is not selected."""

    def __init__(self, clauses: Clauses, feature: int, kind: Kind) -> None:
        self._clauses, self._feature, self._whole = clauses, feature, kind == "Integer"
        self._selected = feature + 1
        self._below: dict[Bound, int] = {}

    def compare(self, comparator: Comparator, value: Fraction) -> Known:
        """Whether the number compares so with a constant."""
        if comparator in {"==", "!="}:
            if self._whole and value.denominator != 1:
                return comparator == "!="
            equal = self._clauses.both((self._at_most(value), -self._less(value)))
            return equal if comparator == "==" else -equal
        at_most = self._at_most(value) if comparator in {"<=", ">"} else self._less(value)
        return at_most if comparator in {"<", "<="} else -at_most

    def finish(self) -> list[Range]:
        """Put the bounds in order, and name the ranges between them."""
        ordered = sorted(self._below)
        literals = [self._below[bound] for bound in ordered]
        for lower, higher in pairwise(literals):
            self._clauses.add(-lower, higher)
        for bound, literal in zip(ordered, literals, strict=True):
            zero = bound[0] > 0 or (bound[0] == 0 and bound[1])
            self._clauses.add(self._selected, literal if zero else -literal)
        ranges = []
        for place in range(len(ordered) + 1):
            parts = [self._selected]
            parts += [-literals[place - 1]] if place else []
            parts += [literals[place]] if place < len(ordered) else []
            low = ordered[place - 1] if place else None
            high = ordered[place] if place < len(ordered) else None
            if self._whole and low:
                low = (low[0] + 1, False)
            ranges.append(
                Range(feature=self._feature, literal=self._clauses.both(parts), low=low, high=high)
            )
        return ranges

    def _at_most(self, value: Fraction) -> int:
        return self._literal((Fraction(math.floor(value)) if self._whole else value, True))

    def _less(self, value: Fraction) -> int:
        if self._whole:
            return self._literal((Fraction(math.ceil(value) - 1), True))
        return self._literal((value, False))

    def _literal(self, bound: Bound) -> int:
        if bound not in self._below:
            self._below[bound] = self._clauses.fresh()
        return self._below[bound]


class Texts:
    """The text of one typed feature; empty where it is not selected."""

    def __init__(self, clauses: Clauses, feature: int) -> None:
        self._clauses, self._feature = clauses, feature
        self._selected = feature + 1
        self._is: dict[str, int] = {}

    def equals(self, text: str) -> int:
        """A literal that holds where the text is this one."""
        if text not in self._is:
            self._is[text] = self._clauses.fresh()
        return self._is[text]

    def finish(self) -> list[Range]:
        """No two texts at once; the rest is one range."""
        literals = list(self._is.values())
        if literals:
            self._clauses.at_most_one(literals)
        for text, literal in self._is.items():
            self._clauses.add(self._selected, -literal if text else literal)
        other = self._clauses.both([self._selected, *(-literal for literal in literals)])
        named = [
            Range(
                feature=self._feature,
                literal=self._clauses.both((self._selected, literal)),
                text=text,
            )
            for text, literal in self._is.items()
        ]
        return [*named, Range(feature=self._feature, literal=other)]


class Instances:
    """How many there are of one feature with a cardinality, all alike."""

    def __init__(self, clauses: Clauses, feature: int, bounds: tuple[int, int]) -> None:
        least, most = bounds
        self._clauses, self._feature, self._selected = clauses, feature, feature + 1
        self.counts = (
            {least: self._selected}
            if least == most
            else {count: clauses.fresh() for count in range(least, most + 1)}
        )
        if least < most:
            literals = list(self.counts.values())
            clauses.add(-self._selected, *clauses.at_most_one(literals))
            for literal in literals:
                clauses.add(-literal, self._selected)

    def finish(self) -> list[Range]:
        """Each number is a range of its own."""
        return [
            Range(
                feature=self._feature,
                literal=literal,
                low=(Fraction(count), False),
                high=(Fraction(count), True),
            )
            for count, literal in self.counts.items()
        ]
