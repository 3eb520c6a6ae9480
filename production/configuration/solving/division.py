"""Clauses divided into what is fixed and parts that do not touch; large parts divided once more.

A part of thousands of variables hangs together by few of them, such as an optional module's own
feature. Decided both ways, what is left falls apart on either side (Shannon expansion); what both
sides imply is what the part implies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol

from production.configuration.encoding.clauses import Clause
from production.configuration.solving.part import Literals, Part
from production.configuration.solving.splitting import (
    Unsatisfiable,
    propagate,
    reduced,
    split,
)

LARGE: Final = 600
"""Variables of a part above which it is tried to be divided by deciding one."""
LEFT: Final = 0.9
"""Of a part's variables, the largest share that may hang together once one is decided."""


class Piece(Protocol):
    """Clauses that share variables with no others, and have a configuration."""

    variables: tuple[int, ...]

    def implied(self, choices: Literals) -> Literals | None:
        """The literals that every configuration with these choices has; None if there is none."""

    def some_implied(self) -> Literals | None:
        """Some of the literals that every configuration has; empty only if there are none."""

    def possible(self, choices: Literals) -> bool:
        """Whether any configuration has these choices."""

    def complete(self, choices: Literals, preferred: Collection[int] = ()) -> list[int]:
        """A whole configuration with choices that are possible."""


class Division:
    """All clauses, divided.

    Attributes:
        fixed: literals that every configuration has.
        parts: what is left; none of them implies anything without choices.

    Raises:
        Unsatisfiable: there is no configuration.
    """

    def __init__(self, clauses: Sequence[Clause]) -> None:
        fixed = propagate(clauses)
        parts: list[Piece] = []
        left = split(reduced(clauses, fixed))[::-1]
        while left:
            group = left.pop()
            part = _part(group)
            implied = part.some_implied()
            if implied is None:
                raise Unsatisfiable
            if implied:
                fixed |= implied
                left += split(reduced(group, fixed))[::-1]
            else:
                parts.append(part)
        self.fixed, self.parts = frozenset(fixed), tuple(parts)
        self._part_of = {
            variable: at for at, part in enumerate(parts) for variable in part.variables
        }

    def implied(self, choices: Iterable[int]) -> Literals | None:
        """The literals that every configuration with these choices has, `fixed` left out.

        None where there is no configuration.
        """
        by_part = self.by_part(choices)
        if by_part is None:
            return None
        found = set(by_part.pop(FREE, frozenset()))
        for at, inner in by_part.items():
            implied = self.parts[at].implied(inner)
            if implied is None:
                return None
            found |= implied
        return frozenset(found)

    def possible(self, choices: Iterable[int]) -> bool:
        """Whether any configuration has these choices."""
        by_part = self.by_part(choices)
        return by_part is not None and all(
            at == FREE or self.parts[at].possible(inner) for at, inner in by_part.items()
        )

    def complete(self, choices: Iterable[int], preferred: Collection[int] = ()) -> list[int]:
        """A whole configuration with possible choices, without what no clause restricts."""
        by_part = self.by_part(choices) or {}
        found = [*self.fixed, *by_part.get(FREE, ())]
        for at, part in enumerate(self.parts):
            found += part.complete(by_part.get(at, frozenset()), preferred)
        return found

    def by_part(self, choices: Iterable[int]) -> dict[int, Literals] | None:
        """Choices by the part that they are in, without those that are fixed anyway.

        None where two contradict each other, or one what is fixed.
        """
        found: dict[int, set[int]] = {}
        for choice in choices:
            if -choice in self.fixed:
                return None
            if choice not in self.fixed:
                found.setdefault(self._part_of.get(abs(choice), FREE), set()).add(choice)
        free = found.get(FREE, set())
        if any(-choice in free for choice in free):
            return None
        return {at: frozenset(inner) for at, inner in sorted(found.items())}


FREE: Final = -1
"""Choices that no clause restricts."""


class Branch:
    """A part that falls apart once one of its variables is decided."""

    def __init__(self, clauses: Sequence[Clause], variable: int) -> None:
        self.variables = _variables(clauses)
        self.sides = {
            literal: _divided([*clauses, (literal,)]) for literal in (-variable, variable)
        }
        self._variable = variable

    def implied(self, choices: Literals) -> Literals | None:
        """What both sides imply, or the one that is possible."""
        found = []
        for side in self.sides.values():
            implied = None if side is None else side.implied(choices)
            if side is not None and implied is not None:
                found.append(implied | side.fixed)
        return frozenset.intersection(*found) if found else None

    def some_implied(self) -> Literals | None:
        """All that it implies without choices."""
        return self.implied(frozenset())

    def possible(self, choices: Literals) -> bool:
        """Whether either side is."""
        return any(side is not None and side.possible(choices) for side in self.sides.values())

    def complete(self, choices: Literals, preferred: Collection[int] = ()) -> list[int]:
        """That of the preferred side if it is possible, else of the other; off comes first."""
        first = self._variable if self._variable in preferred else -self._variable
        for literal in (first, -first):
            side = self.sides[literal]
            if side is not None and side.possible(choices):
                found = side.complete(choices, preferred)
                taken = {abs(one) for one in found}
                free = [one for one in self.variables if one not in taken]
                return found + [one if one in preferred else -one for one in free]
        raise Unsatisfiable


def _part(clauses: Sequence[Clause]) -> Piece:
    """A part, divided by its first variable if it is large and that helps.

    Features are numbered parents first: the first one is what most of the part hangs on.
    """
    variables = _variables(clauses)
    if len(variables) > LARGE:
        most = LEFT * len(variables)
        if all(_together(clauses, literal) <= most for literal in (variables[0], -variables[0])):
            return Branch(clauses, variables[0])
    return Part(clauses)


def _together(clauses: Sequence[Clause], literal: int) -> int:
    """How many variables at most still hang together once a literal holds."""
    try:
        left = reduced(clauses, propagate([*clauses, (literal,)]))
    except Unsatisfiable:
        return 0
    return max((len(_variables(group)) for group in split(left)), default=0)


def _divided(clauses: Sequence[Clause]) -> Division | None:
    try:
        return Division(clauses)
    except Unsatisfiable:
        return None


def _variables(clauses: Sequence[Clause]) -> tuple[int, ...]:
    return tuple(sorted({abs(literal) for clause in clauses for literal in clause}))
