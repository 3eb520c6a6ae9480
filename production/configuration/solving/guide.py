"""Guidance: after every choice what is forced, what is ruled out and what is open, exactly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from production.configuration.encoding.encode import Encoded
from production.configuration.solving.part import Part
from production.configuration.solving.splitting import (
    Unsatisfiable,
    propagate,
    reduced,
    split,
)

Status = NDArray[np.int8]
"""By variable: 1 in every configuration, -1 in none, 0 open; place 0 is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What choices leave possible.

    Attributes:
        valid: whether any configuration has the choices.
        status: by variable, (variables + 1,), int8; all 0 where not valid.
    """

    valid: bool
    status: Status


class Guide:
    """Answers for one model; may be asked from several threads.

    Attributes:
        void: the model has no configuration at all.
        fixed: literals that every configuration has.
        parts: what is left, in parts that share no variable.
    """

    def __init__(self, encoded: Encoded) -> None:
        self.encoded = encoded
        self._lock = Lock()
        divided = _divided(encoded)
        self.void = divided is None
        self.parts, self.fixed = divided or ((), frozenset())
        self._status: Status = np.zeros(encoded.variables + 1, dtype=np.int8)
        _mark(self._status, self.fixed)
        self._part_of = {
            variable: at for at, part in enumerate(self.parts) for variable in part.variables
        }

    def guidance(self, choices: Iterable[int]) -> Guidance:
        """What is forced on, forced off and open under choices (literals)."""
        status = self._status.copy()
        with self._lock:
            for part, inner in self._by_part(choices):
                implied = None if part == _NOWHERE else self._implied(part, inner)
                if implied is None:
                    return Guidance(valid=False, status=np.zeros_like(status))
                _mark(status, implied)
        return Guidance(valid=not self.void, status=status)

    def possible(self, choices: Iterable[int]) -> bool:
        """Whether any configuration has these choices."""
        if self.void:
            return False
        with self._lock:
            return all(
                part != _NOWHERE and (part == _FREE or self.parts[part].possible(inner))
                for part, inner in self._by_part(choices)
            )

    def complete(self, choices: Iterable[int], preferred: Collection[int] = ()) -> Status:
        """A whole configuration with these choices: 1 or -1 by variable.

        Args:
            choices: possible ones.
            preferred: literals to take where nothing speaks against them, the rest is left off.

        Raises:
            Unsatisfiable: the choices are not possible.
        """
        if not self.possible(choices := tuple(choices)):
            raise Unsatisfiable
        status = self._status.copy()
        free = [one for one in preferred if abs(one) not in self._part_of]
        _mark(status, [one for one in free if not status[abs(one)]])
        by_part = dict(self._by_part(choices))
        _mark(status, by_part.pop(_FREE, frozenset()))
        for at, part in enumerate(self.parts):
            _mark(status, part.complete(by_part.get(at, ()), preferred))
        status[status == 0] = -1
        return status

    def conflicting_parts(self, choices: Sequence[int]) -> list[list[int]]:
        """The choices that cannot be together, part by part; those against what is fixed alone."""
        with self._lock:
            return [
                [choice for choice in choices if choice in inner]
                for part, inner in self._by_part(choices)
                if part == _NOWHERE or (part != _FREE and not self.parts[part].possible(inner))
            ]

    def _implied(self, part: int, choices: frozenset[int]) -> frozenset[int] | None:
        return choices if part == _FREE else self.parts[part].implied(choices)

    def _by_part(self, choices: Iterable[int]) -> list[tuple[int, frozenset[int]]]:
        """Choices by the part that they are in, without those that are fixed anyway."""
        found: dict[int, set[int]] = {}
        for choice in choices:
            if choice in self.fixed:
                continue
            if -choice in self.fixed:
                found.setdefault(_NOWHERE, set()).add(choice)
            else:
                found.setdefault(self._part_of.get(abs(choice), _FREE), set()).add(choice)
        free = found.get(_FREE, set())
        if any(-choice in free for choice in free):
            found[_NOWHERE] = found.get(_NOWHERE, set()) | {c for c in free if -c in free}
        return [(part, frozenset(inner)) for part, inner in sorted(found.items())]


_FREE = -1
"""Variables that no clause restricts."""
_NOWHERE = -2
"""Choices against what is fixed."""


def _mark(status: Status, literals: Collection[int]) -> None:
    found = np.fromiter(literals, dtype=np.int64, count=len(literals))
    status[np.abs(found)] = np.sign(found)


def _divided(encoded: Encoded) -> tuple[tuple[Part, ...], frozenset[int]] | None:
    """Parts, and what is fixed: by propagation first, then exactly; None where nothing is left."""
    try:
        fixed = propagate(encoded.clauses)
    except Unsatisfiable:
        return None
    parts: list[Part] = []
    left = split(reduced(encoded.clauses, fixed))[::-1]
    while left:
        group = left.pop()
        part = Part(group)
        implied = part.some_implied()
        if implied is None:
            return None
        if implied:
            fixed |= implied
            left += split(reduced(group, fixed))[::-1]
        else:
            parts.append(part)
    return tuple(parts), frozenset(fixed)
