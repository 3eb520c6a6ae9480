"""Weighted sums of literals, and what is reckoned and compared with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from production.configuration.uvl.expressions import Comparator


@dataclass(frozen=True, slots=True)
class Linear:
    """weights · literals + constant + a number of a typed feature times `slope`."""

    form: Mapping[int, Fraction]
    constant: Fraction
    typed: int | None = None
    slope: Fraction = Fraction(0)

    def plus(self, other: Linear, sign: int) -> Linear | None:
        """The sum or the difference; None where two typed features meet."""
        typed = self.typed if self.typed is not None else other.typed
        if other.typed is not None and other.typed != typed:
            return None
        form = dict(self.form)
        for literal, weight in other.form.items():
            form[literal] = form.get(literal, Fraction(0)) + sign * weight
        slope = self.slope + sign * other.slope
        return Linear(
            {literal: weight for literal, weight in form.items() if weight},
            self.constant + sign * other.constant,
            typed if slope else None,
            slope,
        )

    def times(self, factor: Fraction) -> Linear:
        """All of it times a constant."""
        if not factor:
            return Linear({}, Fraction(0))
        form = {literal: weight * factor for literal, weight in self.form.items()}
        return Linear(form, self.constant * factor, self.typed, self.slope * factor)

    @property
    def fixed(self) -> bool:
        """Whether it is a mere constant."""
        return not self.form and self.typed is None


def compare(comparator: Comparator, one: Fraction, other: Fraction) -> bool:
    """Whether two numbers compare so."""
    return {
        "==": one == other, "!=": one != other, "<": one < other,
        "<=": one <= other, ">": one > other, ">=": one >= other,
    }[comparator]  # fmt: skip


def reckon(operator: str, one: Fraction | None, other: Fraction | None) -> Fraction | None:
    """Two numbers reckoned together; None where one is undefined or the divisor is 0."""
    if one is None or other is None:
        return None
    if operator == "+":
        return one + other
    if operator == "-":
        return one - other
    if operator == "*":
        return one * other
    return one / other if other else None


def decided(comparator: Comparator, least: Fraction, most: Fraction) -> bool | None:
    """Whether anything between two bounds compares so with 0; None where it depends."""
    zero = Fraction(0)
    if comparator in {"==", "!="}:
        if least <= 0 <= most:
            return (comparator == "==") if least == most else None
        return comparator == "!="
    ends = compare(comparator, least, zero), compare(comparator, most, zero)
    return ends[0] if ends[0] == ends[1] else None
