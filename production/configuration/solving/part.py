"""One part of a model: what its choices leave possible, exactly.

Configurations that are known are kept as bit masks, one a literal: bit k says whether the k-th has
it. What choices leave possible is then an intersection of masks; the solver is asked only for
literals that no known configuration shows, and each one that it finds shows many at once. Where a
part has few configurations all of them are known, and no solver is needed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final

from pysat.solvers import Minisat22

from production.configuration.encoding.clauses import Clause

LISTED: Final = 256
"""Most configurations of a part that are listed in full; no more than KEPT."""
LISTED_VARIABLES: Final = 32
"""Most variables of a part that is tried to be listed."""
KEPT: Final = 1024
"""Most configurations that are known at a time where not all are; the oldest half then goes."""
REMEMBERED: Final = 128
"""Answers that are remembered."""

Literals = frozenset[int]


class Part:
    """Clauses that share variables with no others, none of them fixed from the outset.

    Attributes:
        variables: ascending.
        local_clauses: the clauses over places in `variables`, from 1.
    """

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.variables = tuple(sorted({abs(one) for clause in clauses for one in clause}))
        self._local = {variable: at for at, variable in enumerate(self.variables, start=1)}
        self.local_clauses = [tuple(self._inward(clause)) for clause in clauses]
        self._solver = Minisat22(bootstrap_with=self.local_clauses)
        size = len(self.variables)
        self._literals = [*range(1, size + 1), *range(-size, 0)]
        self._masks = dict.fromkeys(self._literals, 0)
        self._known, self._listed, self._tried = 0, False, size > LISTED_VARIABLES
        self._answers: OrderedDict[Literals, Literals | None] = OrderedDict()

    def implied(self, choices: Literals) -> Literals | None:
        """The literals that every configuration with these choices has; None where there is none.

        A literal that is neither implied nor its opposite is open: some configuration has it, and
        some has not (global inverse consistency).
        """
        if choices in self._answers:
            self._answers.move_to_end(choices)
            return self._answers[choices]
        if choices and not self._tried:
            self._list()
        answer = self._implied(self._inward(choices))
        outward = None if answer is None else frozenset(self._outward(answer))
        self._answers[choices] = outward
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return outward

    def some_implied(self) -> Literals | None:
        """A literal that every configuration has, and what follows from it; empty if there is none.

        None where there is no configuration. What is fixed may split the part, so it pays to look
        for the rest in what is left.
        """
        found = self._implied([], first=True)
        return None if found is None else frozenset(self._outward(found))

    def possible(self, choices: Iterable[int]) -> bool:
        """Whether any configuration has these choices."""
        inner = self._inward(choices)
        return bool(self._alive(inner)) or self._find(inner)

    def complete(self, choices: Iterable[int], preferred: Collection[int] = ()) -> list[int]:
        """A whole configuration with these choices; the same whatever was asked before.

        Args:
            choices: possible ones.
            preferred: literals to take where nothing speaks against them; others are left off.
        """
        phases = [
            local if variable in preferred else -local for variable, local in self._local.items()
        ]
        with Minisat22(bootstrap_with=self.local_clauses) as solver:
            solver.set_phases(phases)
            solver.solve(assumptions=self._inward(choices))
            return self._outward(solver.get_model() or ())

    def _implied(self, choices: list[int], *, first: bool = False) -> list[int] | None:
        """Implied literals; where `first`, the first that is found and what follows from it."""
        if not self._alive(choices) and not self._find(choices):
            return None
        implied = self._following(choices)
        alive = self._alive(choices)
        unseen = [
            one for one in self._literals if not self._masks[one] & alive and -one not in implied
        ]
        if self._listed:
            return [*implied.union(-one for one in unseen)]
        left = set(unseen)
        for tried in reversed(unseen):  # first whether each can be left off
            if tried not in left:
                continue
            self._solver.set_phases([*left])
            if self._solver.solve(assumptions=[*choices, tried]):
                found = self._solver.get_model() or []
                self._keep(found)
                left.difference_update(found)
            else:
                implied |= self._following([*implied, -tried])
                left.difference_update([-one for one in implied])
                if first:
                    break
        return [*implied]

    def _following(self, literals: list[int]) -> set[int]:
        """What follows from literals by propagation alone, themselves too."""
        _, found = self._solver.propagate(assumptions=literals)
        return {*literals, *(found or ())}

    def _alive(self, choices: Sequence[int]) -> int:
        """The known configurations that have these choices, as a mask."""
        alive = (1 << self._known) - 1
        for choice in choices:
            alive &= self._masks[choice]
        return alive

    def _find(self, choices: Sequence[int]) -> bool:
        if self._listed or not self._solver.solve(assumptions=choices):
            return False
        self._keep(self._solver.get_model() or ())
        return True

    def _keep(self, model: Iterable[int]) -> None:
        if self._known >= KEPT:
            self._known //= 2
            self._masks = {one: mask >> (KEPT - self._known) for one, mask in self._masks.items()}
        bit = 1 << self._known
        self._known += 1
        for literal in model:
            self._masks[literal] |= bit

    def _list(self) -> None:
        """Try to know all configurations."""
        self._tried = True
        with Minisat22(bootstrap_with=self.local_clauses) as solver:
            models = list(islice(solver.enum_models(), LISTED + 1))
        if len(models) > LISTED:
            return
        self._masks, self._known = dict.fromkeys(self._literals, 0), 0
        for model in models:
            self._keep(model)
        self._listed = True

    def _inward(self, literals: Iterable[int]) -> list[int]:
        local = self._local
        return [local[one] if one > 0 else -local[-one] for one in literals]

    def _outward(self, literals: Iterable[int]) -> list[int]:
        names = self.variables
        return [names[one - 1] if one > 0 else -names[-one - 1] for one in literals]
