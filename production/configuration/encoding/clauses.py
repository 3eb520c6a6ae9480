"""Clauses: conditions over Boolean variables that a solver reads.

A literal is a variable's number, negative for its opposite. Every variable that is added here
besides follows from the others both ways, so that configurations and models are one to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

PAIRWISE: Final = 6
"""Most literals of which at most one may hold that are excluded pair by pair."""

Clause = tuple[int, ...]
Known = int | bool
"""A literal, or what is known without one."""


class Clauses:
    """Clauses that grow, over variables 1 to `variables`.

    Attributes:
        clauses: so far.
        lines: for each, the line of the model that asks for it; 0 for what names a variable.
        line: that of the clauses to come.
    """

    def __init__(self, variables: int = 0) -> None:
        self.variables = variables
        self.clauses: list[Clause] = []
        self.lines: list[int] = []
        self.line = 0
        self._named: dict[tuple[int, ...], int] = {}

    def fresh(self) -> int:
        """A new variable."""
        self.variables += 1
        return self.variables

    def add(self, *literals: int) -> None:
        """At least one of them holds; none says that nothing can."""
        self.clauses.append(literals)
        self.lines.append(self.line)

    def _define(self, *clauses: Clause) -> None:
        """What a new variable means, which no model can take back."""
        self.clauses += clauses
        self.lines += [0] * len(clauses)

    def both(self, literals: Iterable[int]) -> int:
        """A literal that holds where all of these do."""
        some = tuple(sorted(set(literals)))
        if len(some) == 1:
            return some[0]
        if some not in self._named:
            name = self._named[some] = self.fresh()
            self._define(*((-name, literal) for literal in some))
            self._define((name, *(-literal for literal in some)))
        return self._named[some]

    def either(self, literals: Iterable[int]) -> int:
        """A literal that holds where at least one of these does."""
        return -self.both(-literal for literal in literals)

    def choose(self, by: int, then: Known, otherwise: Known) -> Known:
        """What is `then` where `by` holds, else `otherwise`."""
        if then is otherwise or (then == otherwise and type(then) is type(otherwise)):
            return then
        if isinstance(then, bool):
            if isinstance(otherwise, bool):
                return by if then else -by
            return self.either((by, otherwise)) if then else self.both((-by, otherwise))
        if isinstance(otherwise, bool):
            return self.either((-by, then)) if otherwise else self.both((by, then))
        key = (by, 0, then, otherwise)  # no conjunction holds a 0
        if key not in self._named:
            name = self._named[key] = self.fresh()
            self._define(
                (-by, -then, name), (-by, then, -name),
                (by, -otherwise, name), (by, otherwise, -name),
                (-then, -otherwise, name), (then, otherwise, -name),
            )  # fmt: skip
        return self._named[key]

    def at_most_one(self, literals: Sequence[int]) -> Sequence[int]:
        """No two of them hold; O(n) clauses by a ladder (Gent and Nightingale 2004).

        Returns:
            Literals of which one holds where any of `literals` does.
        """
        if len(literals) <= PAIRWISE:
            for place, one in enumerate(literals):
                for other in literals[:place]:
                    self.add(-one, -other)
            return literals
        before = literals[0]
        for literal in literals[1:-1]:
            self.add(-before, -literal)
            before = self.either((before, literal))
        self.add(-before, -literals[-1])
        return before, literals[-1]
