"""Which of a few quantities each variant is made in: an integer program, solved by HiGHS.

    min  sum_c cost_c x_c,  x in {0, 1},
    subject to  sum_{c of v} x_c = 1,  sum_c use_cr x_c <= left_r

Only variants with more than one quantity enter; the others' use is taken off the capacities. It
starts from the plan already known and stops by counts, so that results repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from production.allocation.choices import Choices
from production.allocation.clock import Clock
from production.allocation.task import ROUNDING, Task

if TYPE_CHECKING:
    import highspy

Floats = NDArray[np.float64]

NODES: Final = 2_000
"""Most nodes of the tree."""

STALLED: Final = 200
"""Most nodes in a row that find nothing."""


@dataclass(frozen=True, slots=True)
class Programmed:
    """What the program found.

    Attributes:
        quantity: (V,) units, every resource kept; the plan it began with where none is better.
        bound: money; no plan made of the choices costs less.
    """

    quantity: Floats
    bound: float


def solve(
    task: Task, quantity: Floats, choices: Choices, *, tolerance: float, clock: Clock
) -> Programmed:
    """The cheapest of the choices that keeps every resource.

    Args:
        task: what is decided on.
        quantity: (V,) a plan made of the choices, which keeps everything.
        choices: the quantities to choose among.
        tolerance: money that is not worth looking for.
        clock: when to stop.
    """
    _, place, size = np.unique(choices.rows, return_inverse=True, return_counts=True)
    entering = size[place] > 1
    fixed = choices.keep(~entering, whole=choices.whole)
    few = choices.keep(entering, whole=choices.whole)
    resources = task.resources
    left = resources.capacity * (1 + ROUNDING / 2) - fixed.use.sum(axis=0)
    cost = task.take(few.rows).cost(few.units)
    known = (few.units == quantity[few.rows]).astype(np.float64)
    base = float(task.take(fixed.rows).cost(fixed.units).sum())
    chosen, bound = _run(few, cost, left, known, _limits(tolerance, clock))
    answer = quantity.copy()
    if chosen is not None:
        answer[few.rows[chosen]] = few.units[chosen]
        over = resources.used(answer) > resources.capacity * (1 + ROUNDING)
        answer = quantity if over.any() else answer
    return Programmed(answer, base + bound)


def _run(
    few: Choices, cost: Floats, left: Floats, known: Floats, limits: Mapping[str, float]
) -> tuple[NDArray[np.bool_] | None, float]:
    """HiGHS on the choices: which are taken (None for none found), and its bound."""
    import highspy  # noqa: PLC0415  # loaded only where a program is solved

    groups, group = np.unique(few.rows, return_inverse=True)
    ones = sparse.csr_array((np.ones(len(group)), (group, np.arange(len(group)))))
    # rows in units of what is left, so that the solver's absolute tolerance is a relative one
    size = np.maximum(np.abs(left), few.use.max(axis=0, initial=0.0))
    limited = size > 0
    scaled = (few.use[:, limited] / size[limited]).T
    matrix = sparse.csc_array(sparse.vstack((ones, sparse.csr_array(scaled))))
    room = (left[limited] / size[limited]) - 1e-9
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(cost), len(groups) + int(limited.sum())
    model.col_cost_, model.col_lower_ = cost, np.zeros(len(cost))
    model.col_upper_ = np.ones(len(cost))
    model.row_lower_ = np.concatenate((np.ones(len(groups)), np.full(limited.sum(), -np.inf)))
    model.row_upper_ = np.concatenate((np.ones(len(groups)), room))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr
    model.a_matrix_.index_ = matrix.indices
    model.a_matrix_.value_ = matrix.data
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)

    solver = _silent()
    for name, value in limits.items():
        solver.setOptionValue(name, value)
    solver.passModel(model)
    start = highspy.HighsSolution()
    start.col_value = known.tolist()
    solver.setSolution(start)
    solver.run()
    bound = float(solver.getInfo().mip_dual_bound)
    values = np.asarray(solver.getSolution().col_value, dtype=np.float64)
    return (values > 0.5 if len(values) else None), bound


def _silent() -> highspy.Highs:
    """HiGHS without the line that it prints of itself when it is made."""
    import highspy  # noqa: PLC0415  # loaded only where a program is solved

    class Silent(highspy.Highs):
        def enableCallbacks(self) -> None:  # noqa: N802  # the solver's name for it
            self.silent()
            super().enableCallbacks()  # type: ignore[no-untyped-call]  # highspy leaves it untyped

    return Silent()  # type: ignore[no-untyped-call]  # likewise


def _limits(tolerance: float, clock: Clock) -> dict[str, float]:
    """Where the solver stops: by counts, and by time only if the clock has a limit."""
    limits = {
        "threads": 1,
        "random_seed": 0,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": tolerance,
        "mip_max_nodes": NODES,
        "mip_max_stall_nodes": STALLED,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
    }
    return limits | ({} if clock.seconds is None else {"time_limit": max(clock.left, 0.01)})
