"""How many configurations there are: exactly, or not at all.

Without constraints across it, a tree has a closed form. Otherwise the models of the clauses are
counted by deciding a variable both ways, part by part, remembering parts seen before (sharpSAT,
Thurley 2006); a model has as many configurations since added variables follow from the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import log10, prod
from typing import Final

from production.configuration.encoding.clauses import Clause
from production.configuration.solving.division import Branch, Division
from production.configuration.solving.guide import Guide
from production.configuration.solving.part import Part
from production.configuration.solving.splitting import (
    Unsatisfiable,
    propagate,
    reduced,
    split,
)
from production.configuration.uvl.model import FeatureModel

STEPS: Final = 5_000_000
"""Clauses looked at before counting is given up: about a minute."""
DEPTH: Final = 400
"""Decisions on top of each other before it is given up."""


class NotCounted(Exception):
    """Counting took more than it may."""


def count_configurations(guide: Guide) -> int:
    """The number of configurations of a model.

    Numbers and texts count by the ranges that constraints tell apart, instances one by one.

    Raises:
        NotCounted: it takes more than `STEPS`.
    """
    model = guide.encoded.model
    if guide.division is None:
        return 0
    if not model.constraints:
        return count_tree(model)
    counter = _Counter()
    return counter.divided(guide.division, range(1, guide.encoded.variables + 1))


def count_tree(model: FeatureModel) -> int:
    """The number of configurations of a model's tree alone, from the leaves up.

    O(features); a group with bounds of its own takes its size times its bound.
    """
    below = [1] * len(model.features)
    by_parent: dict[int, list[int]] = {}
    for place, group in enumerate(model.groups):
        by_parent.setdefault(group.parent, []).append(place)
    for at in range(len(model.features) - 1, -1, -1):  # children stand after their parents
        instances = model.features[at].instances
        ways = instances[1] - instances[0] + 1 if instances else 1
        for place in by_parent.get(at, ()):
            group = model.groups[place]
            members = [below[member] for member in group.members]
            ways *= _ways(members, group.least, group.most)
        below[at] = ways
    return below[0]


def _ways(members: Sequence[int], least: int, most: int) -> int:
    """Ways to select at least and at most so many members, each with its own ways."""
    size = len(members)
    if least == size:
        return prod(members)
    if least <= 1 and most == size:
        return prod(1 + one for one in members) - least
    if (least, most) == (1, 1):
        return sum(members)
    by_number = [1]  # coefficients of the product of (1 + ways x)
    for one in members:
        shifted = [0, *(one * ways for ways in by_number)]
        by_number = [a + b for a, b in zip([*by_number, 0], shifted, strict=True)][: most + 1]
    return sum(by_number[least:])


class _Counter:
    def __init__(self) -> None:
        self._seen: dict[frozenset[Clause], int] = {}
        self._steps = 0

    def divided(self, division: Division, variables: Collection[int]) -> int:
        """Models over some variables, of clauses that are divided."""
        touched = {abs(literal) for literal in division.fixed}
        total = 1
        for part in division.parts:
            if isinstance(part, Branch):
                sides = [side for side in part.sides.values() if side is not None]
                total *= sum(self.divided(side, part.variables) for side in sides)
            elif isinstance(part, Part):
                total *= self.count(part.local_clauses)
            touched.update(part.variables)
        return total << (len(variables) - len(touched))

    def count(self, clauses: Sequence[Clause], depth: int = 0) -> int:
        """Models of clauses that hang together, over the variables that occur in them."""
        if len(clauses) == 1:
            return (1 << len(clauses[0])) - 1
        key = frozenset(clauses)
        if key in self._seen:
            return self._seen[key]
        self._steps += len(clauses)
        if self._steps > STEPS or depth > DEPTH:
            raise NotCounted
        occurring = Counter(abs(literal) for clause in clauses for literal in clause)
        variable = _middle(occurring)
        total = 0
        for literal in (variable, -variable):
            try:
                fixed = propagate([*clauses, (literal,)])
            except Unsatisfiable:
                continue
            rest = reduced(clauses, fixed)
            remaining = {abs(one) for clause in rest for one in clause}
            ways = 1 << (len(occurring) - len(fixed) - len(remaining))
            for part in split(rest):
                ways *= self.count(part, depth + 1)
            total += ways
        self._seen[key] = total
        return total


def _middle(occurring: Counter[int]) -> int:
    """Of the variables that occur most, the middle one: it cuts a chain in two."""
    most = max(occurring.values())
    often = sorted(variable for variable, times in occurring.items() if times == most)
    return often[len(often) // 2]


def decimal_logarithm(number: int) -> float:
    """The decimal logarithm of a positive number, however large."""
    shift = max(0, number.bit_length() - 64)
    return log10(number >> shift) + shift * log10(2)
