from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.market.filling import Fill, filled

GAPS = pd.Series([np.nan, 1.0, np.nan, 4.0, np.nan, 10.0, np.nan])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("carry", [5.0, 1.0, 1.0, 4.0, 4.0, 10.0, 10.0]),
        ("mean", [5.0, 1.0, 5.0, 4.0, 5.0, 10.0, 5.0]),
        ("median", [4.0, 1.0, 4.0, 4.0, 4.0, 10.0, 4.0]),
        ("interpolate", [5.0, 1.0, 2.5, 4.0, 7.0, 10.0, 10.0]),
    ],
)
def test_gaps_are_filled_as_asked(how: Fill, expected: list[float]) -> None:
    found = filled(GAPS, how)
    assert found is not None
    np.testing.assert_allclose(found, expected)


def test_a_column_with_a_gap_can_be_dropped() -> None:
    assert filled(GAPS, "drop") is None
    whole = pd.Series([1.0, 2.0])
    assert filled(whole, "drop") is whole
