"""Which lines of a model stand between choices: a set of them of which none can be missed."""

from __future__ import annotations

from collections.abc import Sequence

from pysat.solvers import Minisat22

from production.configuration.encoding.encode import Encoded


def reasons(encoded: Encoded, choices: Sequence[int]) -> tuple[int, ...]:
    """Lines of the model that together rule the choices out, ascending; any one less would not.

    A line is switched by a variable of its own; those that the solver's proof needs are then tried
    one by one (deletion). Without choices they say why a model is void.

    Args:
        encoded: the model.
        choices: literals that no configuration has together.
    """
    lines = sorted(set(encoded.lines) - {0})
    switch = {line: encoded.variables + at for at, line in enumerate(lines, start=1)}
    clauses = [
        [*clause, -switch[line]] if line else list(clause)
        for clause, line in zip(encoded.clauses, encoded.lines, strict=True)
    ]
    line_of = {literal: line for line, literal in switch.items()}
    with Minisat22(bootstrap_with=clauses) as solver:

        def ruling_out(some: Sequence[int]) -> list[int] | None:
            """Of these lines, some that rule the choices out; None where they do not."""
            if solver.solve(assumptions=[*choices, *(switch[line] for line in some)]):
                return None
            return sorted(line_of[one] for one in solver.get_core() or () if one in line_of)

        needed = ruling_out(lines) or []
        for line in tuple(needed):
            if line in needed:
                fewer = ruling_out([one for one in needed if one != line])
                needed = needed if fewer is None else fewer
    return tuple(needed)
