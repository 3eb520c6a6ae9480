"""The configuration of the largest weight, exactly: weighted MaxSAT, part by part.

Parts share no variable, so the best of each is the best of all. Where each variable of a part can
be as its own weight asks, that is it; else it is solved by RC2 (Ignatiev, Morgado and Marques-Silva
2019). A part that is divided by a variable is solved on both sides of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pysat.examples.rc2 import RC2Stratified
from pysat.formula import WCNF
from pysat.solvers import Minisat22

from production.configuration.solving.division import FREE, Branch, Division, Piece
from production.configuration.solving.guide import Guide, Status
from production.configuration.solving.part import Literals, Part
from production.configuration.solving.splitting import Unsatisfiable

GRAIN: Final = 1_000_000
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
        model = _by_maxsat(part, [at * sign for at, sign in sorted(said.items())], weighed)
    return [names[one - 1] if one > 0 else -names[-one - 1] for one in model[: len(names)]]


def _by_maxsat(part: Part, said: list[int], weighed: Mapping[int, int]) -> list[int]:
    formula = WCNF()
    for clause in part.local_clauses:
        formula.append(clause)
    for one in said:
        formula.append([one])
    for at, weight in weighed.items():
        if weight:
            formula.append([at if weight > 0 else -at], weight=abs(weight))
    with RC2Stratified(formula) as solver:
        model: list[int] | None = solver.compute()
    if model is None:
        raise Unsatisfiable
    return model
