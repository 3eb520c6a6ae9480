"""Clauses without what is fixed, split into parts that share no variable.

A choice in one part says nothing about another, so each is reckoned with alone: a model of
thousands of options falls into hundreds of parts of a few dozen.
"""

from __future__ import annotations

from collections.abc import Sequence

from production.configuration.encoding.clauses import Clause


class Unsatisfiable(Exception):
    """No assignment keeps all the clauses."""


def propagate(clauses: Sequence[Clause]) -> set[int]:
    """The literals that follow from the clauses of one literal.

    Every clause is looked at once for each of its literals that turns false; O(size).

    Raises:
        Unsatisfiable: a clause cannot be kept.
    """
    watching: dict[int, list[int]] = {}
    open_literals = [len(clause) for clause in clauses]
    for place, clause in enumerate(clauses):
        for literal in clause:
            watching.setdefault(-literal, []).append(place)
    fixed: set[int] = set()
    if 0 in open_literals:
        raise Unsatisfiable
    queue = [clause[0] for clause in clauses if len(clause) == 1]
    while queue:
        literal = queue.pop()
        if literal in fixed:
            continue
        if -literal in fixed:
            raise Unsatisfiable
        fixed.add(literal)
        for place in watching.get(literal, ()):
            open_literals[place] -= 1
            if open_literals[place] <= 1:
                queue.append(_last(clauses[place], fixed))
    return fixed


def _last(clause: Clause, fixed: set[int]) -> int:
    """The literal of a clause that is not false."""
    for literal in clause:
        if -literal not in fixed:
            return literal
    raise Unsatisfiable


def reduced(clauses: Sequence[Clause], fixed: set[int]) -> list[Clause]:
    """The clauses that are not yet kept, without their false literals."""
    left = []
    for clause in clauses:
        if not any(literal in fixed for literal in clause):
            short = tuple(literal for literal in clause if -literal not in fixed)
            left.append(short)
    return left


def split(clauses: Sequence[Clause]) -> list[list[Clause]]:
    """Clauses in groups that share no variable, by their smallest variables (union-find)."""
    above: dict[int, int] = {}

    def top(variable: int) -> int:
        while (parent := above.setdefault(variable, variable)) != variable:
            above[variable] = variable = above[parent]
        return variable

    for clause in clauses:
        first = top(abs(clause[0]))
        for literal in clause[1:]:
            other = top(abs(literal))
            if other != first:
                first, other = min(first, other), max(first, other)
                above[other] = first
    parts: dict[int, list[Clause]] = {}
    for clause in clauses:
        parts.setdefault(top(abs(clause[0])), []).append(clause)
    return [parts[key] for key in sorted(parts)]
