"""Guidance: after every choice what is forced, what is ruled out and what is open, exactly."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from production.configuration.encoding.encode import Encoded
from production.configuration.solving.division import Division
from production.configuration.solving.splitting import Unsatisfiable

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
        encoded: the model.
        division: what is fixed, and parts that share no variable; None where the model is void.
        fixed: literals that every configuration has.
    """

    def __init__(self, encoded: Encoded) -> None:
        self.encoded = encoded
        self._lock = Lock()
        self.division: Division | None = None
        self.fixed: frozenset[int] = frozenset()
        self._status: Status = np.zeros(encoded.variables + 1, dtype=np.int8)
        try:
            self.division = Division(encoded.clauses)
        except Unsatisfiable:
            return
        self.fixed = self.division.fixed
        _mark(self._status, self.fixed)

    @property
    def void(self) -> bool:
        """Whether the model has no configuration at all."""
        return self.division is None

    def guidance(self, choices: Iterable[int]) -> Guidance:
        """What is forced on, forced off and open under choices (literals)."""
        with self._lock:
            implied = None if self.division is None else self.division.implied(choices)
        if implied is None:
            return Guidance(valid=False, status=np.zeros_like(self._status))
        status = self._status.copy()
        _mark(status, implied)
        return Guidance(valid=True, status=status)

    def possible(self, choices: Iterable[int]) -> bool:
        """Whether any configuration has these choices."""
        with self._lock:
            return self.division is not None and self.division.possible(choices)

    def complete(self, choices: Iterable[int], preferred: Collection[int] = ()) -> Status:
        """A whole configuration with these choices: 1 or -1 by variable.

        Args:
            choices: possible ones.
            preferred: literals to take where nothing speaks against them, the rest is left off.

        Raises:
            Unsatisfiable: the choices are not possible.
        """
        choices = tuple(choices)
        if self.division is None or not self.possible(choices):
            raise Unsatisfiable
        status = np.full_like(self._status, -1)
        _mark(status, preferred)
        with self._lock:
            _mark(status, self.division.complete(choices, frozenset(preferred)))
        return status


def _mark(status: Status, literals: Collection[int]) -> None:
    found = np.fromiter(literals, dtype=np.int64, count=len(literals))
    status[np.abs(found)] = np.sign(found)
