"""Demand of a part: known moments, and what holds for any share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from production.allocation.quantiles import DemandCurves
from production.allocation.thinning import thinned

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def curves_of(rows: np.ndarray) -> DemandCurves:
    return DemandCurves.from_quantiles(LEVELS, rows, range(len(rows)))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31))
def test_a_part_keeps_its_share_of_the_expected_units_and_never_crosses(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.sort(random.gamma(0.7, 20.0, (6, 7)), axis=1)
    rows[0] = 0.0
    share = np.array([0.3, 0.0, 1.0, *random.random(3)])
    whole = curves_of(rows)
    part = thinned(whole, share)
    assert part.mean() == pytest.approx(share * whole.mean(), abs=1e-9)
    assert (np.diff(part.values, axis=1) >= 0).all()
    assert (part.values[2] == whole.values[2]).all()
    assert not part.values[0].any()
    assert not part.values[1].any()


def test_a_quarter_of_certain_demand_is_spread_as_a_binomial() -> None:
    levels = np.array([0.0, 1e-6, 0.25, 0.5, 0.75, 0.95, 1.0])
    whole = DemandCurves(levels, np.array([[0.0, *[400.0] * 6]]))
    part = thinned(whole, np.array([0.25]))
    assert part.values[0, 2:-1] == pytest.approx(stats.binom(400, 0.25).ppf(levels[2:-1]), abs=2)


def test_a_part_of_a_poisson_is_a_poisson() -> None:
    whole = curves_of(stats.poisson(200).ppf(LEVELS)[None, :])
    part = thinned(whole, np.array([0.3]))
    # below the lowest quantile the whole's curve falls to 0, and so does the part's
    assert part.values[0, 2:-1] == pytest.approx(stats.poisson(60).ppf(LEVELS[1:]), rel=0.05)
