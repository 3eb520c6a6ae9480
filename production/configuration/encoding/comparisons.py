"""Comparisons of terms become literals, through decision diagrams of the sums that they need."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, NoReturn

from production.configuration.encoding.clauses import Clauses, Known
from production.configuration.encoding.diagrams import STATES, Form, State, TooManyStates, diagram
from production.configuration.encoding.sums import Linear, compare, decided, reckon
from production.configuration.encoding.values import Instances, Numbers, Texts
from production.configuration.uvl.expressions import (
    Aggregate,
    Arithmetic,
    Attribute,
    Chosen,
    Comparator,
    Comparison,
    Constant,
    Rounded,
    Term,
)
from production.configuration.uvl.model import FeatureModel
from production.errors import BadModel, UnsupportedModel

_MIRRORED: Final[Mapping[Comparator, Comparator]] = {
    "<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=",
}  # fmt: skip


class Comparisons:
    """Makes literals of comparisons; asks for the numbers and texts of typed features."""

    def __init__(
        self,
        model: FeatureModel,
        clauses: Clauses,
        numbers: Mapping[int, Numbers],
        texts: Mapping[int, Texts],
        instances: Mapping[int, Instances],
    ) -> None:
        self._model, self._clauses = model, clauses
        self._numbers, self._texts, self._instances = numbers, texts, instances

    def literal(self, comparison: Comparison) -> Known:
        """What holds where the comparison does.

        Raises:
            UnsupportedModel: it needs more than is reckoned with; says what and where.
            BadModel: it compares a number with a text.
        """
        sides = (comparison.left, comparison.right)
        textual = [self._is_text(side, comparison.line) for side in sides]
        if textual[0] != textual[1]:
            raise BadModel(
                "A text is compared with a number.",
                where=self._where(comparison.line),
                fix="Compare texts with texts; they stand between single quotes.",
            )
        try:
            if textual[0]:
                return self._of_texts(comparison)
            left, right = (self._linear(side, comparison.line) for side in sides)
            if left and right:
                return self._of_linear(left, right, comparison)
            return self._of_any(comparison)
        except TooManyStates:
            self._refuse(
                comparison.line,
                f"The comparison takes more than {STATES:,} different sums.",
                "Use rounder numbers, or sum over fewer features.",
            )

    def _of_linear(self, left: Linear, right: Linear, comparison: Comparison) -> Known:
        whole, comparator = left.plus(right, -1), comparison.comparator
        if whole is None:
            self._two_typed(comparison.line)
        if whole.typed is None:

            def holds(state: State) -> bool:
                return compare(comparator, state[0] + whole.constant, Fraction(0))

            def early(_: State, least: State, most: State) -> bool | None:
                return decided(comparator, least[0] + whole.constant, most[0] + whole.constant)

            return diagram(self._clauses, [whole.form], holds, early)
        number, slope = self._numbers[whole.typed], whole.slope
        turned = comparator if slope > 0 else _MIRRORED[comparator]

        def against(state: State) -> Known:
            return number.compare(turned, -(state[0] + whole.constant) / slope)

        return diagram(self._clauses, [whole.form], against)

    def _of_any(self, comparison: Comparison) -> Known:
        """Products, quotients, means and rounding, on the sums that they are made of."""
        forms: list[Form] = []
        left = self._on_state(comparison.left, forms, comparison.line)
        right = self._on_state(comparison.right, forms, comparison.line)

        def holds(state: State) -> bool:
            one, other = left(state), right(state)
            return (
                one is not None and other is not None and compare(comparison.comparator, one, other)
            )

        return diagram(self._clauses, forms, holds)

    def _of_texts(self, comparison: Comparison) -> Known:
        if comparison.comparator not in {"==", "!="}:
            self._refuse(
                comparison.line, "Texts are put in order.", "Compare texts with == or != alone."
            )
        equal = self._equal(comparison.left, comparison.right, comparison.line)
        return equal if comparison.comparator == "==" else opposite(equal)

    def _equal(self, left: Term, right: Term, line: int) -> Known:
        """What holds where two texts are the same; an attribute is empty without its feature."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Attribute):
                value = Constant(str(self._value(one)))
                return self._clauses.choose(
                    one.feature + 1,
                    self._equal(value, other, line),
                    self._equal(Constant(""), other, line),
                )
        match left, right:
            case Constant(), Constant():
                return left.value == right.value
            case (Chosen(feature), Constant(text)) | (Constant(text), Chosen(feature)):
                return self._texts[feature].equals(str(text))
        raise UnsupportedModel(
            "The texts of two typed features are compared.",
            where=self._where(line),
            fix="Compare each with texts that are written out.",
        )

    def _linear(self, term: Term, line: int) -> Linear | None:
        """The term as a weighted sum; None where it is none."""
        match term:
            case Constant(value):
                return Linear({}, Fraction(value))
            case Attribute(feature, key):
                return Linear({feature + 1: self._number(feature, key)}, Fraction(0))
            case Chosen(feature):
                return Linear({}, Fraction(0), feature, Fraction(1))
            case Aggregate("sum", key, within):
                return Linear(self._sum(key, within), Fraction(0))
            case Arithmetic(operator, left, right):
                return self._reckoned(
                    operator, self._linear(left, line), self._linear(right, line), line
                )
        return None

    def _reckoned(
        self, operator: str, one: Linear | None, other: Linear | None, line: int
    ) -> Linear | None:
        if one is None or other is None:
            return None
        if operator in {"+", "-"}:
            whole = one.plus(other, 1 if operator == "+" else -1)
            if whole is None:
                self._two_typed(line)
            return whole
        if operator == "*" and (one.fixed or other.fixed):
            return other.times(one.constant) if one.fixed else one.times(other.constant)
        if operator == "/" and other.fixed and other.constant:
            return one.times(1 / other.constant)
        return None

    def _on_state(
        self, term: Term, forms: list[Form], line: int
    ) -> Callable[[State], Fraction | None]:
        """How a term's value follows from sums, which are added to `forms`; None if undefined."""
        linear = self._linear(term, line)
        if linear is not None:
            if linear.typed is not None:
                name = self._model.features[linear.typed].name
                self._refuse(
                    line,
                    f"'{name}' is multiplied, divided by, or rounded.",
                    "Compare it with sums of attributes and constants alone.",
                )
            place, constant = _placed(linear.form, forms), linear.constant
            return lambda state: state[place] + constant
        match term:
            case Aggregate(_, key, within):
                total = _placed(self._sum(key, within), forms)
                units = _placed(self._sum(key, within, count=True), forms)
                return lambda state: state[total] / state[units] if state[units] else Fraction(0)
            case Rounded(kind, inner):
                value = self._on_state(inner, forms, line)
                to_whole = math.floor if kind == "floor" else math.ceil
                return lambda state: _whole(value(state), to_whole)
            case Arithmetic(operator, left, right):
                one = self._on_state(left, forms, line)
                other = self._on_state(right, forms, line)
                return lambda state: reckon(operator, one(state), other(state))
        raise AssertionError(term)

    def _sum(self, key: str, within: int, *, count: bool = False) -> dict[int, Fraction]:
        form: dict[int, Fraction] = {}
        for feature in self._model.with_attribute(key, within):
            weight = Fraction(1) if count else self._number(feature, key)
            for literal, instances in self._instances_of(feature):
                form[literal] = form.get(literal, Fraction(0)) + instances * weight
        return form

    def _instances_of(self, feature: int) -> list[tuple[int, int]]:
        """Literals with the instances that each stands for; exactly one holds if it is selected."""
        counted = self._model.counted_above[feature]
        if counted < 0:
            return [(feature + 1, 1)]
        return [
            (self._clauses.both((feature + 1, literal)), count)
            for count, literal in self._instances[counted].counts.items()
        ]

    def _number(self, feature: int, key: str) -> Fraction:
        value = self._model.features[feature].attributes[key]
        if not isinstance(value, Fraction):
            raise TypeError(key)  # the parser let only numbers through to here
        return value

    def _value(self, attribute: Attribute) -> Fraction | str:
        value = self._model.features[attribute.feature].attributes[attribute.key]
        return value if isinstance(value, Fraction | str) else ""

    def _is_text(self, term: Term, line: int) -> bool:
        inner: tuple[Term, ...] = ()
        match term:
            case Constant(value):
                return isinstance(value, str)
            case Attribute():
                return isinstance(self._value(term), str)
            case Chosen(feature):
                return self._model.features[feature].kind == "String"
            case Arithmetic(_, left, right):
                inner = (left, right)
            case Rounded(_, only):
                inner = (only,)
        if any(self._is_text(one, line) for one in inner):
            raise BadModel(
                "Reckoning with a text.", where=self._where(line), fix="Reckon with numbers alone."
            )
        return False

    def _two_typed(self, line: int) -> NoReturn:
        self._refuse(
            line,
            "The numbers of two typed features are reckoned together.",
            "Compare each with constants and attributes.",
        )

    def _where(self, line: int) -> str:
        return f"{self._model.name}:{line}"

    def _refuse(self, line: int, what: str, fix: str) -> NoReturn:
        raise UnsupportedModel(what, where=self._where(line), fix=fix)


def opposite(known: Known) -> Known:
    """What holds where it does not."""
    return not known if isinstance(known, bool) else -known


def _placed(form: Form, forms: list[Form]) -> int:
    """The place of a sum among `forms`; one that is there already is shared."""
    if form not in forms:
        forms.append(form)
    return forms.index(form)


def _whole(value: Fraction | None, rounded: Callable[[Fraction], int]) -> Fraction | None:
    return None if value is None else Fraction(rounded(value))
