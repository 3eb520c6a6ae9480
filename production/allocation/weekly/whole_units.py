"""Whole lots by week from a relaxed plan: what fits is kept, lots are added, moved and taken back.

Three steps, each of which ends with every resource kept in every week:

1. what must be made in all, spread over the weeks by itself (`held`), and each week's relaxed
   quantity, rounded to lots that may be begun: of these all that fit, the most missed first;
2. lots added, those that save most per priced use first;
3. lots moved to another week, and those taken back that cost more than they save; then 2 again,
   until nothing is gained.

It is begun twice, from lots near the relaxed ones and from lots below them: the first is better
where there are many, the second where there are few.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.clock import Clock
from production.allocation.task import ROUNDING
from production.allocation.thinning import GOLDEN
from production.allocation.weekly.held import spread_held
from production.allocation.weekly.task import WeeklyTask
from production.allocation.whole_units import fitting

Floats = NDArray[np.float64]

ROUNDS: Final = 60
"""Most rounds of adding and moving; a dozen are usual."""

MOST: Final = 4096
"""Lots that are tried in one pass, the likeliest first."""

GAIN: Final = 1e-9
"""Share of a variant's cost that a lot must save at least."""


def whole_weeks(task: WeeklyTask, begun: Floats, prices: Floats, clock: Clock) -> Floats:
    """(V, H) allowed units near a relaxed plan, every resource kept.

    Args:
        task: what is decided on.
        begun: (V, H) the relaxed plan.
        prices: (R, H) money a unit of each resource in each week.
        clock: when to stop.

    Raises:
        Infeasible: what must be made in all fits into no weeks.
    """
    held, found = spread_held(task, begun), []
    for lots in (_near(task, begun), _down(task, begun)):
        units = _with_lots(task, held, lots, prices)
        for _ in range(ROUNDS):
            units, added = _added(task, units, prices)
            units, moved = _moved(task, units)
            if not (added or moved) or clock.over:
                break
        found.append(units)
    return min(found, key=lambda units: float(task.costs(task.supply(units)).sum()))


def _near(task: WeeklyTask, begun: Floats) -> Floats:
    """(V, H) allowed lots near what is begun, on average as many.

    Sums over the weeks are rounded rather than weeks, so that many small weeks lose nothing, and
    each variant at a place of its own. Where a smallest lot is more than a multiple, each week is
    rounded down.
    """
    multiple = task.lots.multiple[:, None]
    place = (0.5 + np.arange(len(begun)) * GOLDEN) % 1.0
    steps = np.floor(np.cumsum(begun, axis=1) / multiple + place[:, None])
    steps = np.minimum(steps, np.floor(task.lots.most[:, None] / multiple))
    lots = np.diff(steps, axis=1, prepend=0.0) * multiple
    return np.where(task.lots.smallest[:, None] > multiple, _down(task, begun), lots)


def _down(task: WeeklyTask, begun: Floats) -> Floats:
    """(V, H) the largest lots of each week that are not above what is begun."""
    smallest, multiple = task.lots.smallest[:, None], task.lots.multiple[:, None]
    steps = np.floor((begun - smallest) / multiple + 1e-9)
    return np.where(steps >= 0, smallest + steps * multiple, 0.0)


def _with_lots(task: WeeklyTask, units: Floats, lots: Floats, prices: Floats) -> Floats:
    """Units, and of the lots of all other variants those that fit with their set-ups."""
    lots = np.where(task.lots.zero[:, None], lots, 0.0)
    supply = task.supply(units + lots)
    costs = task.costs(supply)
    slack, units = _slack(task, units), units.copy()
    for week in range(task.weeks):
        rows = np.flatnonzero(lots[:, week])
        missed = -_from_week(task, _saved(task, supply, costs, -lots[:, week]))[rows, week]
        use = _use(task, rows, lots[rows, week], np.ones(len(rows), dtype=bool))
        rate = missed / np.maximum(use @ prices[:, week], 1e-300)
        order = np.argsort(-rate, kind="stable")
        taken = rows[order][fitting(use[order], slack[:, week])]
        units[taken, week] = lots[taken, week]
    return units


def _slack(task: WeeklyTask, units: Floats) -> Floats:
    """(R, H) what is left of each resource in each week."""
    return np.maximum(task.capacity * (1 + ROUNDING / 2) - task.used(units), 0.0)


def _saved(task: WeeklyTask, supply: Floats, costs: Floats, lot: Floats) -> Floats:
    """(V, H) expected cost that (V,) more units in stock, or fewer, save in each single week."""
    saved: Floats = costs - task.costs(np.maximum(supply + lot[:, None], 0.0))
    return saved


def _from_week(task: WeeklyTask, by_week: Floats) -> Floats:
    """(V, H) what is saved from the week on in which a unit begun in each week comes in."""
    suffix = np.cumsum(by_week[:, ::-1], axis=1)[:, ::-1]
    comes = np.arange(task.weeks) + task.lead[:, None]
    found = np.take_along_axis(suffix, np.minimum(comes, task.weeks - 1), axis=1)
    return np.where(comes < task.weeks, found, 0.0)


def _added(task: WeeklyTask, units: Floats, prices: Floats) -> tuple[Floats, bool]:
    """Each variant's best further lot, where it saves and fits, most per priced use first."""
    lots, none = task.lots, units == 0
    lot = np.where(none, lots.smallest[:, None], lots.multiple[:, None])
    may = task.open & lots.zero[:, None]
    may &= units.sum(axis=1, keepdims=True) + lot <= lots.most[:, None]
    supply = task.supply(units)
    costs = task.costs(supply)
    saved = _from_week(task, _saved(task, supply, costs, lots.multiple))
    if (lots.smallest != lots.multiple).any():
        saved = np.where(none, _from_week(task, _saved(task, supply, costs, lots.smallest)), saved)
    may &= saved > GAIN * costs.sum(axis=1, keepdims=True)
    slack, rate = _slack(task, units), np.full(units.shape, -np.inf)
    for week in range(task.weeks):
        rows = np.flatnonzero(may[:, week])
        use = _use(task, rows, lot[rows, week], none[rows, week])
        fits = (use <= slack[:, week]).all(axis=1)
        charge = np.maximum(use @ prices[:, week], 1e-300)
        rate[rows[fits], week] = (saved[rows, week] / charge)[fits]
    week = rate.argmax(axis=1)
    best = rate[np.arange(len(rate)), week]
    # where capacity is free all rates are the same: the earlier in the order, the larger the saving
    rows = np.lexsort((-saved[np.arange(len(rate)), week], -best))
    rows = rows[best[rows] > -np.inf][:MOST]
    use = _use(task, rows, lot[rows, week[rows]], none[rows, week[rows]])
    taken = rows[_fitting(use, week[rows], slack)]
    units = units.copy()
    units[taken, week[taken]] += lot[taken, week[taken]]
    return units, len(taken) > 0


def _moved(task: WeeklyTask, units: Floats) -> tuple[Floats, bool]:
    """Each variant's best lot moved to another week or taken back, where that saves and fits."""
    lots, weeks = task.lots, task.weeks
    lot = np.where(units > lots.smallest[:, None], lots.multiple[:, None], units)
    lot = np.where(lots.zero[:, None], lot, np.minimum(units, 1.0))
    supply = task.supply(units)
    costs = task.costs(supply)
    slack = _slack(task, units)
    tolerance = GAIN * costs.sum(axis=1)
    count = len(units)
    best, source, target = np.zeros(count), np.zeros(count, np.intp), np.full(count, -1)
    for week in range(weeks):
        moving = lot[:, week] * (task.open[:, week])
        sooner = _from_week(task, _saved(task, supply, costs, moving))
        later = _from_week(task, _saved(task, supply, costs, -moving))
        for other in range(-1, weeks):
            if other == week:
                continue
            gain = later[:, week] if other < 0 else _shifted(sooner, later, week, other)
            may = (moving > 0) & (gain > np.maximum(best, tolerance))
            if other < 0:
                may &= lots.zero
            else:
                may &= task.open[:, other] & _lands(task, units, moving, other)
                rows = np.flatnonzero(may)
                use = _use(task, rows, moving[rows], units[rows, other] == 0)
                may[rows] = (use <= slack[:, other]).all(axis=1)
            best = np.where(may, gain, best)
            source, target = np.where(may, week, source), np.where(may, other, target)
    rows = np.flatnonzero(best > 0)
    rows = rows[np.argsort(-best[rows], kind="stable")][:MOST]
    back = target[rows] < 0
    use = _use(task, rows, lot[rows, source[rows]], units[rows, target[rows]] == 0)
    use[back] = 0.0
    taken = rows[_fitting(use, np.maximum(target[rows], 0), slack)]
    units = units.copy()
    gone = lot[taken, source[taken]]
    units[taken, source[taken]] -= gone
    kept = target[taken] >= 0
    units[taken[kept], target[taken][kept]] += gone[kept]
    return units, len(taken) > 0


def _shifted(sooner: Floats, later: Floats, week: int, other: int) -> Floats:
    """(V,) what a lot saves that is begun in another week: only the weeks between change."""
    if other < week:
        return sooner[:, other] - sooner[:, week]
    return later[:, week] - later[:, other]


def _lands(task: WeeklyTask, units: Floats, moving: Floats, other: int) -> NDArray[np.bool_]:
    """(V,) whether what is moved makes an allowed quantity in another week."""
    whole = (units[:, other] > 0) | (moving >= task.lots.smallest)
    return whole | ~task.lots.zero


def _use(
    task: WeeklyTask, rows: NDArray[np.intp], units: Floats, opens: NDArray[np.bool_]
) -> Floats:
    """(N, R) what some units of some variants take, with set-ups where they open."""
    use: Floats = task.resources.usage[rows] * units[:, None]
    if task.resources.opens:
        use += task.resources.setup[rows] * opens[:, None]
    return use


def _fitting(use: Floats, week: NDArray[np.intp], slack: Floats) -> NDArray[np.bool_]:
    """(N,) which of some uses (N, R) of a week each, in their order, fit together."""
    spread = np.zeros((len(use), *slack.shape))
    spread[np.arange(len(use)), :, week] = use
    return fitting(spread.reshape(len(use), slack.size), slack.ravel())
