"""The clauses of a whole model: its tree, its groups and its constraints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Final

from production.configuration.encoding.clauses import Clause, Clauses
from production.configuration.encoding.comparisons import Comparisons, opposite
from production.configuration.encoding.diagrams import diagram
from production.configuration.encoding.values import Instances, Numbers, Range, Texts
from production.configuration.uvl.expressions import (
    All,
    Any,
    Comparison,
    Formula,
    Not,
    Same,
    Selected,
)
from production.configuration.uvl.model import FeatureModel, Group

SPREAD: Final = 16
"""Clauses into which a disjunction may be spread before its parts get variables of their own."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A model's clauses; the feature at place p is variable p + 1.

    Attributes:
        model: what they say.
        variables: how many; those above the features follow from the others.
        clauses: all must hold.
        lines: for each clause, the line of the model that asks for it; 0 for what always holds.
        ranges: of typed features and numbers of instances, by the feature's place.
    """

    model: FeatureModel
    variables: int
    clauses: tuple[Clause, ...]
    lines: tuple[int, ...]
    ranges: dict[int, tuple[Range, ...]]


def encode(model: FeatureModel) -> Encoded:
    """The clauses of a model.

    Raises:
        UnsupportedModel: a constraint takes what is not reckoned with; says which and where.
        BadModel: a constraint compares a number with a text.
    """
    clauses = Clauses(len(model.features))
    clauses.add(1)
    for place, feature in enumerate(model.features[1:], start=2):
        clauses.line = feature.line
        clauses.add(-place, feature.parent + 1)
    for group in model.groups:
        clauses.line = group.line
        _encode_group(clauses, group)
    clauses.line = 0
    kinds = {place: model.features[place].kind for place in model.typed}
    numbers = {at: Numbers(clauses, at, kind) for at, kind in kinds.items() if kind != "String"}
    texts = {at: Texts(clauses, at) for at, kind in kinds.items() if kind == "String"}
    instances = {
        at: Instances(clauses, at, bounds)
        for at in model.counted
        if (bounds := model.features[at].instances)
    }
    writer = _Formulas(clauses, Comparisons(model, clauses, numbers, texts, instances))
    for constraint in model.constraints:
        clauses.line = constraint.line
        writer.require(constraint.formula)
    clauses.line = 0
    ranges = {at: tuple(one.finish()) for at, one in (numbers | texts | instances).items()}
    return Encoded(
        model=model,
        variables=clauses.variables,
        clauses=tuple(clauses.clauses),
        lines=tuple(clauses.lines),
        ranges=dict(sorted(ranges.items())),
    )


def _encode_group(clauses: Clauses, group: Group) -> None:
    """At least and at most so many members where the parent is selected."""
    above = group.parent + 1
    members = [place + 1 for place in group.members]
    if group.least == len(members):
        for member in members:
            clauses.add(-above, member)
        return
    if group.least <= 1 and group.most in {1, len(members)}:
        some = clauses.at_most_one(members) if group.most == 1 < len(members) else members
        if group.least:
            clauses.add(-above, *some)
        return
    counted = {member: Fraction(1) for member in members}
    within = diagram(
        clauses,
        [counted],
        lambda state: group.least <= state[0] <= group.most,
        lambda _, least, most: (
            False if most[0] < group.least or least[0] > group.most
            else True if group.least <= least[0] and most[0] <= group.most else None
        ),
    )  # fmt: skip
    if not isinstance(within, bool):
        clauses.add(-above, within)


class _Formulas:
    """Writes formulas as clauses."""

    def __init__(self, clauses: Clauses, comparisons: Comparisons) -> None:
        self._clauses, self._comparisons = clauses, comparisons

    def require(self, formula: Formula) -> None:
        """The formula must hold."""
        for clause in self._spread(formula, holds=True):
            self._clauses.add(*clause)

    def _spread(  # noqa: PLR0911  # one a kind of formula
        self, formula: Formula, *, holds: bool
    ) -> list[Clause]:
        """Clauses that say that the formula holds, or that it does not."""
        match formula:
            case Selected(feature):
                return [(feature + 1 if holds else -feature - 1,)]
            case Comparison():
                known = self._comparisons.literal(formula)
                known = known if holds else opposite(known)
                if isinstance(known, bool):
                    return [] if known else [()]
                return [(known,)]
            case Not(inner):
                return self._spread(inner, holds=not holds)
            case Same(left, right):
                one = Any((Not(left), right))
                other = Any((left, Not(right))) if holds else Any((Not(left), Not(right)))
                if not holds:
                    one = Any((left, right))
                return self._spread(one, holds=True) + self._spread(other, holds=True)
            case All(parts) | Any(parts):
                spread = [self._spread(part, holds=holds) for part in parts]
                if isinstance(formula, All) == holds:
                    return [clause for part in spread for clause in part]
                return self._disjunction(spread)

    def _disjunction(self, parts: Sequence[list[Clause]]) -> list[Clause]:
        """At least one of several sets of clauses holds."""
        parts = sorted(parts, key=len)
        while len(parts) > 1 and len(parts[-1]) > 1 and prod(map(len, parts)) > SPREAD:
            parts[-1] = [(self._named(parts[-1]),)]
            parts = sorted(parts, key=len)
        joined = ({literal for clause in some for literal in clause} for some in product(*parts))
        return [
            tuple(sorted(literals, key=abs))
            for literals in joined
            if not any(-literal in literals for literal in literals)
        ]

    def _named(self, clauses: Sequence[Clause]) -> int:
        """A literal that holds where all the clauses do."""
        return self._clauses.both([self._clauses.either(clause) for clause in clauses])
