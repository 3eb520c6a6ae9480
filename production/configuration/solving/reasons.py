"""Which lines of a model stand between choices: a set of them of which none can be missed."""

from __future__ import annotations

from collections.abc import Sequence

from pysat.solvers import Minisat22

from production.configuration.encoding.encode import Encoded


class Reasons:
    """The lines of one model, each switched by a variable of its own; prepared once."""

    def __init__(self, encoded: Encoded) -> None:
        lines = sorted(set(encoded.lines) - {0})
        self._switch = {line: encoded.variables + at for at, line in enumerate(lines, start=1)}
        self._line = {literal: line for line, literal in self._switch.items()}
        self._clauses = [
            [*clause, -self._switch[line]] if line else list(clause)
            for clause, line in zip(encoded.clauses, encoded.lines, strict=True)
        ]

    def of(self, choices: Sequence[int]) -> tuple[int, ...]:
        """Lines that together rule the choices out, ascending; any one less would not.

        Those that the solver's proof needs are tried one by one (deletion). The solver is a fresh
        one, so that the answer is the same whatever was asked before. Without choices the lines
        say why a model is void.

        Args:
            choices: literals that no configuration has together.
        """
        with Minisat22(bootstrap_with=self._clauses) as solver:

            def ruling_out(some: Sequence[int]) -> list[int] | None:
                """Of these lines, some that rule the choices out; None where they do not."""
                if solver.solve(assumptions=[*choices, *(self._switch[line] for line in some)]):
                    return None
                return sorted(
                    self._line[one] for one in solver.get_core() or () if one in self._line
                )

            needed = ruling_out([*self._switch]) or []
            for line in tuple(needed):
                if line in needed:
                    fewer = ruling_out([one for one in needed if one != line])
                    needed = needed if fewer is None else fewer
        return tuple(needed)
