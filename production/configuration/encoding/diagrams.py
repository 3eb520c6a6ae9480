"""Sums of chosen weights as decision diagrams: exact, reduced, and built without recursion.

Literals are decided one after the other; a state is what has been summed so far, in several sums at
once. States of a layer that end alike become one (Bryant 1986), and a layer ends early where bounds
decide (Abío et al. 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from production.configuration.encoding.clauses import Clauses, Known

STATES: Final = 50_000
"""States of a diagram; beyond it the comparison is refused."""

State = tuple[Fraction, ...]
Form = Mapping[int, Fraction]
"""Weights of literals; the sum of those that hold."""


class TooManyStates(Exception):
    """More different sums than are reckoned with."""


def diagram(
    clauses: Clauses,
    forms: Sequence[Form],
    end: Callable[[State], Known],
    early: Callable[[State, State, State], bool | None] | None = None,
) -> Known:
    """A literal that holds where `end` does for the sums of the weights of what holds.

    Args:
        clauses: they grow by what the diagram needs.
        forms: the sums.
        end: what a full state means.
        early: what a state means whatever follows, given the least and the most that every sum can
            still come to; None where that is open.

    Raises:
        TooManyStates: more than `STATES`.
    """
    literals = _order(forms)
    weights = [tuple(form.get(literal, Fraction(0)) for form in forms) for literal in literals]
    least, most = _to_come(weights, len(forms))
    layers: list[dict[State, tuple[State, State] | None]] = [{(Fraction(0),) * len(forms): None}]
    decided: dict[tuple[int, State], bool] = {}
    total = 0
    for place, weight in enumerate(weights):
        following: dict[State, tuple[State, State] | None] = {}
        for state in layers[-1]:
            said = (
                early(state, _plus(state, least[place]), _plus(state, most[place]))
                if early
                else None
            )
            if said is not None:
                decided[place, state] = said
                continue
            taken = _plus(state, weight)
            layers[-1][state] = (taken, state)
            following[taken] = following[state] = None
        total += len(following)
        if total > STATES:
            raise TooManyStates
        layers.append(following)
    below: dict[State, Known] = {state: end(state) for state in layers[-1]}
    for place in range(len(literals) - 1, -1, -1):
        here: dict[State, Known] = {}
        for state, ways in layers[place].items():
            if ways is None:
                here[state] = decided[place, state]
            else:
                here[state] = clauses.choose(literals[place], below[ways[0]], below[ways[1]])
        below = here
    return below[(Fraction(0),) * len(forms)]


def _order(forms: Sequence[Form]) -> list[int]:
    """Literals from the heaviest: what comes last then moves sums least."""
    heaviest: dict[int, Fraction] = {}
    for form in forms:
        for literal, weight in form.items():
            heaviest[literal] = max(heaviest.get(literal, Fraction(0)), abs(weight))
    return sorted(heaviest, key=lambda literal: (-heaviest[literal], literal))


def _to_come(weights: Sequence[State], sums: int) -> tuple[list[State], list[State]]:
    """The least and the most that each sum can still gain, before each literal."""
    least, most = [(Fraction(0),) * sums], [(Fraction(0),) * sums]
    for weight in reversed(weights):
        least.append(
            tuple(low + min(one, Fraction(0)) for low, one in zip(least[-1], weight, strict=True))
        )
        most.append(
            tuple(high + max(one, Fraction(0)) for high, one in zip(most[-1], weight, strict=True))
        )
    return least[::-1], most[::-1]


def _plus(one: State, other: State) -> State:
    return tuple(a + b for a, b in zip(one, other, strict=True))
