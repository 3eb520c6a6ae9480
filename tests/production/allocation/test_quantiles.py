from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from production.allocation.quantiles import DemandCurves
from production.errors import BadDemand

quantile_rows = st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted)


def curves(*rows: list[float]) -> DemandCurves:
    return DemandCurves.from_quantiles((0.1, 0.5, 0.9), np.array(rows), range(len(rows)))


def test_the_inverse_runs_through_the_quantiles_and_is_extended_at_both_ends() -> None:
    curve = curves([10.0, 30.0, 50.0])
    asked = np.array([0.0, 0.05, 0.1, 0.3, 0.9, 1.0])
    found = [float(curve.inverse(np.array([p]))[0]) for p in asked]
    np.testing.assert_allclose(found, [0, 5, 10, 20, 50, 55])


def test_expected_shortage_of_a_uniform_demand_is_the_textbook_one() -> None:
    curve = DemandCurves.from_quantiles((0.25, 0.75), np.array([[25.0, 75.0]]), ["v"])
    for units in (0.0, 30.0, 100.0, 130.0):
        exact = max(100 - units, 0) ** 2 / 200
        assert curve.shortage(np.array([units]))[0] == pytest.approx(exact)
    assert curve.mean()[0] == pytest.approx(50)


@example(row=[0.0, 0.0, 2.2e-311], units=1.0)
@given(row=quantile_rows, units=st.floats(0, 2e6))
def test_expected_shortage_is_the_mean_over_the_inverse(row: list[float], units: float) -> None:
    curve = curves(row)
    levels = (np.arange(20_000) + 0.5) / 20_000
    demand = np.interp(levels, curve.levels, curve.values[0])
    sampled = np.maximum(demand - units, 0).mean()
    assert curve.shortage(np.array([units]))[0] == pytest.approx(
        sampled, rel=1e-3, abs=1e-3 * max(row) + 1e-9
    )


@given(row=quantile_rows, probability=st.floats(0, 1))
def test_the_inverse_and_the_distribution_undo_each_other(
    row: list[float], probability: float
) -> None:
    curve = curves(row)
    units = curve.inverse(np.array([probability]))
    # where demand has a lump at one value, the distribution jumps over the probability
    assert curve.below(units + 1e-9 * (1 + units))[0] >= probability - 1e-6


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([1.0, np.nan, 3.0], "not a finite number"),
        ([-1.0, 2.0, 3.0], "negative"),
        ([3.0, 2.0, 4.0], "below the quantile before it"),
        ([1.0, 2.0, np.inf], "not a finite number"),
    ],
)
def test_bad_quantiles_are_refused_by_variant_and_column(row: list[float], words: str) -> None:
    with pytest.raises(BadDemand, match=words) as caught:
        DemandCurves.from_quantiles((0.1, 0.5, 0.9), np.array([[1.0, 2, 3], row]), ["good", "bad"])
    assert "'bad'" in str(caught.value)
    assert "row 2, column q" in caught.value.where
