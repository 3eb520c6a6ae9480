"""Whether a configuration keeps its model, read straight off the tree and the constraints.

Nothing here knows clauses or solvers: it is what their answers are checked by.
"""

from __future__ import annotations

import math
from fractions import Fraction

from production.configuration.configuration import Configuration
from production.configuration.uvl.expressions import (
    Aggregate,
    All,
    Any,
    Arithmetic,
    Attribute,
    Chosen,
    Comparison,
    Constant,
    Formula,
    Not,
    Rounded,
    Same,
    Selected,
    Term,
)
from production.configuration.uvl.model import FeatureModel

Value = Fraction | str | None
"""None where a division by 0 leaves nothing to compare."""


def faults(model: FeatureModel, configuration: Configuration) -> list[str]:
    """What a configuration breaks, by line; empty where it is valid."""
    judged = _Judged(model, configuration)
    return [*judged.of_names(), *judged.of_tree(), *judged.of_constraints()]


class _Judged:
    def __init__(self, model: FeatureModel, configuration: Configuration) -> None:
        self._model, self._configuration = model, configuration
        self._on = [feature.name in configuration.selected for feature in model.features]

    def of_names(self) -> list[str]:
        """Names that there are not, and values that do not fit their features."""
        told = self._configuration
        unknown = (told.selected | set(told.values) | set(told.instances)) - set(self._model.place)
        found = [f"no feature '{name}'" for name in sorted(unknown)]
        for place, feature in enumerate(self._model.features):
            value = told.values.get(feature.name)
            typed = feature.kind != "Boolean"
            if (value is not None) != (typed and self._on[place]):
                found.append(f"line {feature.line}: '{feature.name}' and its value do not fit")
            elif value is not None and isinstance(value, str) != (feature.kind == "String"):
                found.append(f"line {feature.line}: '{feature.name}' takes no {value!r}")
            elif feature.kind == "Integer" and Fraction(value or 0).denominator != 1:
                found.append(f"line {feature.line}: '{feature.name}' is a whole number")
            count = told.instances.get(feature.name)
            if feature.instances and self._on[place]:
                least, most = feature.instances
                if count is None or not least <= count <= most:
                    found.append(f"line {feature.line}: {count} of '{feature.name}'")
            elif count is not None:
                found.append(f"line {feature.line}: '{feature.name}' has no instances")
        return found

    def of_tree(self) -> list[str]:
        """The root, parents and groups."""
        found = [] if self._on[0] else ["the root is not selected"]
        for place, feature in enumerate(self._model.features):
            if self._on[place] and feature.parent >= 0 and not self._on[feature.parent]:
                found.append(f"line {feature.line}: '{feature.name}' without its parent")
        for group in self._model.groups:
            count = sum(self._on[member] for member in group.members)
            if self._on[group.parent] and not group.least <= count <= group.most:
                found.append(f"line {group.line}: {count} of the group are selected")
        return found

    def of_constraints(self) -> list[str]:
        """The constraints across the tree."""
        return [
            f"line {constraint.line}: {constraint.text}"
            for constraint in self._model.constraints
            if not self._holds(constraint.formula)
        ]

    def _holds(self, formula: Formula) -> bool:
        match formula:
            case Selected(feature):
                return self._on[feature]
            case Not(inner):
                return not self._holds(inner)
            case All(parts):
                return all(self._holds(part) for part in parts)
            case Any(parts):
                return any(self._holds(part) for part in parts)
            case Same(left, right):
                return self._holds(left) == self._holds(right)
            case Comparison():
                return self._compares(formula)

    def _compares(self, said: Comparison) -> bool:
        left, right = self._value(said.left), self._value(said.right)
        if left is None or right is None:
            return False
        if said.comparator in {"==", "!="}:
            return (left == right) == (said.comparator == "==")
        one, other = Fraction(left), Fraction(right)
        if said.comparator in {"<", ">="}:
            return (one < other) == (said.comparator == "<")
        return (one <= other) == (said.comparator == "<=")

    def _value(self, term: Term) -> Value:
        match term:
            case Constant():
                return term.value
            case Attribute(feature, key):
                return self._attribute(feature, key)
            case Chosen(feature):
                empty: Fraction | str = "" if self._kind(feature) == "String" else Fraction(0)
                return self._configuration.values.get(self._name(feature), empty)
            case Aggregate(kind, key, within):
                return self._aggregate(kind, key, within)
            case Rounded(kind, inner):
                return _rounded(kind, self._number(inner))
            case Arithmetic(operator, left, right):
                return self._reckoned(operator, self._number(left), self._number(right))

    def _reckoned(self, operator: str, one: Fraction | None, other: Fraction | None) -> Value:
        if one is None or other is None or (operator == "/" and other == 0):
            return None
        match operator:
            case "+":
                return one + other
            case "-":
                return one - other
            case "*":
                return one * other
        return one / other

    def _number(self, term: Term) -> Fraction | None:
        value = self._value(term)
        return None if value is None else Fraction(value)

    def _attribute(self, feature: int, key: str) -> Fraction | str:
        value = self._model.features[feature].attributes[key]
        if isinstance(value, str):
            return value if self._on[feature] else ""
        return Fraction(value) if self._on[feature] and isinstance(value, Fraction) else Fraction(0)

    def _aggregate(self, kind: str, key: str, within: int) -> Fraction:
        total, units = Fraction(0), 0
        for place, feature in enumerate(self._model.features):
            value = feature.attributes.get(key)
            if not self._on[place] or not isinstance(value, Fraction):
                continue
            above = [place]
            while above[-1] > 0:
                above.append(self._model.features[above[-1]].parent)
            if within in above:
                counts = self._configuration.instances
                times = math.prod(counts.get(self._name(one), 1) for one in above)
                total, units = total + times * value, units + times
        if kind == "sum":
            return total
        return total / units if units else Fraction(0)

    def _name(self, feature: int) -> str:
        return self._model.features[feature].name

    def _kind(self, feature: int) -> str:
        return self._model.features[feature].kind


def _rounded(kind: str, value: Fraction | None) -> Fraction | None:
    if value is None:
        return None
    return Fraction(math.floor(value) if kind == "floor" else math.ceil(value))
