"""The configuration of the largest weight: weighted MaxSAT, part by part.

Parts share no variable, so the best of each is the best of all. Where each variable of a part can
be as its own weight asks, that is it; else the part is solved to optimality as a 0/1 program
(HiGHS). A part that is divided by a variable is solved on both sides of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pysat.solvers import Minisat22
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from production.configuration.solving.division import FREE, Branch, Division, Piece
from production.configuration.solving.guide import Guide, Status
from production.configuration.solving.part import Literals, Part
from production.configuration.solving.splitting import Unsatisfiable

GRAIN: Final = 100_000
"""Parts of 1 in which weights are told apart."""

Weights = NDArray[np.float64]
"""(variables + 1,) what each variable adds where it is on; place 0 is not used."""


def heaviest(guide: Guide, choices: Iterable[int], weights: Weights) -> Status:
    """The configuration with these choices whose options that are on weigh most.

    Weights are told apart by 1 / `GRAIN`. A feature that weighs nothing counts so much against on,
    so it is off where nothing speaks for it.

    Args:
        guide: the model.
        choices: possible ones, as literals.
        weights: see `Weights`; negative ones speak for off.

    Returns:
        1 or -1 by variable, as `Guide.complete`.

    Raises:
        Unsatisfiable: the choices are not possible.
    """
    if guide.division is None:
        raise Unsatisfiable
    whole = np.where(weights > 0, 1, -1).astype(np.int8)
    found = np.fromiter(
        _of_division(guide.division, choices, _whole(guide, weights)), dtype=np.int64
    )
    whole[np.abs(found)] = np.sign(found)
    return whole


def _whole(guide: Guide, weights: Weights) -> NDArray[np.int64]:
    whole = np.rint(weights * GRAIN).astype(np.int64)
    features = whole[1 : len(guide.encoded.model.features) + 1]
    features[features == 0] = -1
    return whole


def _of_division(
    division: Division, choices: Iterable[int], weights: NDArray[np.int64]
) -> list[int]:
    by_part = division.by_part(choices)
    if by_part is None:
        raise Unsatisfiable
    found = [*division.fixed, *by_part.get(FREE, ())]
    for at, part in enumerate(division.parts):
        found += _of_piece(part, by_part.get(at, frozenset()), weights)
    return found


def _of_piece(piece: Piece, choices: Literals, weights: NDArray[np.int64]) -> list[int]:
    if isinstance(piece, Part):
        return _of_part(piece, choices, weights)
    assert isinstance(piece, Branch)  # noqa: S101  # there are no others
    best: tuple[int, list[int]] | None = None
    for side in piece.sides.values():
        if side is None:
            continue
        try:
            found = _of_division(side, choices, weights)
        except Unsatisfiable:
            continue
        taken = {abs(one) for one in found}
        found += [one if weights[one] > 0 else -one for one in piece.variables if one not in taken]
        weight = sum(int(weights[one]) for one in found if one > 0)
        if best is None or weight > best[0]:
            best = (weight, found)
    if best is None:
        raise Unsatisfiable
    return best[1]


def _of_part(part: Part, choices: Literals, weights: NDArray[np.int64]) -> list[int]:
    names = part.variables
    weighed = {at: int(weights[name]) for at, name in enumerate(names, start=1)}
    place = {name: at for at, name in enumerate(names, start=1)}
    said = {place[abs(one)]: (1 if one > 0 else -1) for one in choices}
    wanted = [
        at if said.get(at, weight) > 0 else -at
        for at, weight in weighed.items()
        if weight or at in said
    ]
    with Minisat22(bootstrap_with=part.local_clauses) as solver:
        model = solver.get_model() if solver.solve(assumptions=wanted) else None
    if model is None:  # what is wanted of each variable cannot be had together
        model = _by_program(part, said, weighed)
    return [names[one - 1] if one > 0 else -names[-one - 1] for one in model[: len(names)]]


def _by_program(part: Part, said: Mapping[int, int], weighed: Mapping[int, int]) -> list[int]:
    """The heaviest assignment as a 0/1 program: each clause is a sum of at least one."""
    size = len(part.variables)
    rows, columns, signs = [], [], []
    least = np.ones(len(part.local_clauses))
    for at, clause in enumerate(part.local_clauses):
        for literal in clause:
            rows.append(at)
            columns.append(abs(literal) - 1)
            signs.append(1.0 if literal > 0 else -1.0)
            least[at] -= literal < 0
    clauses = csr_array((signs, (rows, columns)), shape=(len(least), size))
    low, high = np.zeros(size), np.ones(size)
    for at, sign in said.items():
        (low if sign > 0 else high)[at - 1] = float(sign > 0)
    solved = milp(
        -np.array([weighed[at] for at in range(1, size + 1)], dtype=np.float64) / GRAIN,
        integrality=np.ones(size, dtype=np.int64),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(clauses, least, np.inf),
        options={"mip_rel_gap": 0.0},
    )
    if solved.x is None:
        raise Unsatisfiable
    return [at if solved.x[at - 1] > 0.5 else -at for at in range(1, size + 1)]
