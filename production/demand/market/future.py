"""What may be known of a factor after the origin.

Exactly one of these holds for every factor, and the report says which:

- known: it is decided ahead (a promotion plan), or declared known; its value is taken;
- scenario: somebody says what it will be, or the market table has rows beyond the last order,
  where it can only hold a plan or an expectation;
- forecast: what is usual, what it was last, or its mean, learned before the origin alone;
- left out.

An actual value of the future enters as `known` alone, and that is declared by the user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.market.filling import chosen
from production.demand.periods import YEAR_WEEKS
from production.errors import LeakedFactor

Ahead = Literal["known", "usual", "last", "mean", "leave_out"]
"""What is done about a factor's future: see the module; `usual`, `last` and `mean` forecast it."""

KNOWN_REGRESSORS: Final = ("*promo*", "*holiday*", "*campaign*", "*price_plan*", "*event*")
"""Column names, as glob patterns, that are decided ahead and so are known for the future."""

USUAL_WEEKS: Final = 8


def rule_of(name: str, known: tuple[str, ...], ahead: Mapping[str, Ahead]) -> Ahead:
    """What is done about a column's future: `ahead` where it speaks of it, else `known`.

    >>> rule_of("promotion", KNOWN_REGRESSORS, {}), rule_of("rain", KNOWN_REGRESSORS, {})
    ('known', 'usual')
    """
    decided: Mapping[str, Ahead] = dict.fromkeys(known, "known")
    return chosen(name, ahead, chosen(name, decided, "usual"))


def forecast(
    past: NDArray[np.float64], horizon: int, per_week: int, rule: Ahead
) -> NDArray[np.float64]:
    """(H,) a factor's values to come, from its past.

    The usual is the mean of the same periods of the years before, with those of a week around;
    where there is no year, the mean of the last USUAL_WEEKS.

    Args:
        past: (T,) without a gap.
        horizon: periods to come.
        per_week: periods a week.
        rule: `last` or `mean`; else the usual.
    """
    if rule == "last":
        return np.full(horizon, past[-1])
    if rule == "mean":
        return np.full(horizon, past.mean())
    year = YEAR_WEEKS * per_week
    recent = past[-USUAL_WEEKS * per_week :].mean()
    values = np.full(horizon, recent)
    for step in range(horizon):
        place = len(past) + step
        same = [
            past[max(0, place - lag - per_week) : place - lag + per_week + 1]
            for lag in range(year, place + 1, year)
        ]
        if same:
            values[step] = np.concatenate(same).mean()
    return values


def scenario_at(
    scenario: pd.DataFrame | None, name: str, ahead: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """(H,) what a scenario says of a factor; NaN where it says nothing."""
    if scenario is None or name not in scenario:
        return np.full(len(ahead), np.nan)
    found: NDArray[np.float64] = scenario[name].reindex(pd.Index(ahead)).to_numpy(float)
    return found


def refuse_actuals(name: str, scenario: NDArray[np.float64], given: NDArray[np.float64]) -> None:
    """Refuse a scenario of a past horizon that is what came.

    Args:
        name: the factor.
        scenario: (H,) what the scenario says; NaN where nothing.
        given: (H,) what the market table holds; NaN where nothing.

    Raises:
        LeakedFactor: at least two values that differ, and all of them are those that came.
    """
    both = np.isfinite(scenario) & np.isfinite(given)
    told = scenario[both]
    if len(told) > 1 and np.ptp(told) > 0 and np.allclose(told, given[both], rtol=1e-9):
        raise LeakedFactor(
            f"The scenario gives '{name}' the very values that it took after the origin, which "
            "nobody could have known then.",
            where=f"scenario, {name}",
            fix=f"Say openly that it is known: --known '{name}', or demand.ahead in the settings; "
            "or give values that were expected at the time.",
        )


def foreseen(
    factors: NDArray[np.float64],
    origins: NDArray[np.int64],
    rules: Sequence[Ahead | None],
    horizon: int,
    per_week: int,
) -> NDArray[np.float64]:
    """(O, H, C) what would have been expected of factors at past origins.

    Args:
        factors: (T, C) as they were.
        origins: (O,) positions, each with its horizon before T.
        rules: of each column, how it is forecast; None where it is known ahead.
        horizon: periods.
        per_week: periods a week.
    """
    seen: NDArray[np.float64] = factors[origins[:, None] + np.arange(horizon)]
    for place, rule in enumerate(rules):
        if rule is not None:
            for row, origin in enumerate(origins):
                past = factors[:origin, place]
                seen[row, :, place] = forecast(past, horizon, per_week, rule)
    return seen
