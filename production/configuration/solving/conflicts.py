"""Why choices cannot be had together: a smallest conflict, and the smallest changes that help.

Conflicts and corrections are hitting sets of one another (Reiter 1987): a smallest conflict is a
smallest hitting set of the corrections that is itself impossible (Ignatiev et al. 2015), and the
corrections come smallest first as hitting sets of the conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pysat.examples.hitman import Hitman

CHANGES: Final = 5
"""Most changes that are named."""

Possible = Callable[[Sequence[int]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why choices cannot be had together.

    Attributes:
        choices: a smallest set of them that no configuration has.
        changes: smallest sets of choices to withdraw so that the rest can be had, smallest first.
    """

    choices: tuple[int, ...]
    changes: tuple[tuple[int, ...], ...]


def explain(choices: Sequence[int], possible: Possible) -> Conflict:
    """The conflict of choices that are not possible together.

    Args:
        choices: literals in the order they were made; changes that keep the last one are named
            where there are any.
        possible: whether any configuration has such literals.
    """
    last = choices[-1]
    kept = [last] if possible([last]) else []
    return Conflict(
        choices=smallest_conflict(choices, possible),
        changes=smallest_changes([one for one in choices if one not in kept], kept, possible),
    )


def smallest_conflict(choices: Sequence[int], possible: Possible) -> tuple[int, ...]:
    """As few choices as can be that are not possible together, in their order."""
    with Hitman(solver="m22", htype="sorted") as hitting:
        while True:
            candidate: set[int] = set(hitting.get() or ())
            if not possible([one for one in choices if one in candidate]):
                return tuple(one for one in choices if one in candidate)
            hitting.hit(_correction(choices, candidate, possible))


def smallest_changes(
    choices: Sequence[int], kept: Sequence[int], possible: Possible
) -> tuple[tuple[int, ...], ...]:
    """Sets of choices to withdraw, smallest first, up to `CHANGES`; each is needed in full.

    Args:
        choices: that may be withdrawn.
        kept: that may not, possible by themselves.
        possible: whether any configuration has such literals.
    """
    found: list[tuple[int, ...]] = []
    with Hitman(solver="m22", htype="sorted") as hitting:
        while len(found) < CHANGES:
            withdrawn = hitting.get()
            if withdrawn is None:
                break
            rest = [one for one in choices if one not in withdrawn]
            if possible([*rest, *kept]):
                found.append(tuple(one for one in choices if one in withdrawn))
                if not withdrawn:
                    break
                hitting.block(withdrawn)
            else:
                hitting.hit(_reduced(rest, kept, possible))
    return tuple(sorted(found, key=lambda one: (len(one), [choices.index(c) for c in one])))


def _correction(choices: Sequence[int], candidate: set[int], possible: Possible) -> list[int]:
    """Choices whose withdrawal makes the rest possible, none of `candidate` among them."""
    held = [one for one in choices if one in candidate]
    left = []
    for choice in choices:
        if choice not in candidate:
            if possible([*held, choice]):
                held.append(choice)
            else:
                left.append(choice)
    return left


def _reduced(choices: Sequence[int], kept: Sequence[int], possible: Possible) -> list[int]:
    """A conflict among choices, beside those kept, none of which can be missed."""
    core = list(choices)
    for choice in choices:
        rest = [one for one in core if one != choice]
        if not possible([*rest, *kept]):
            core = rest
    return core
