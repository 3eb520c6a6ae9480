from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recsys.interactions import Interactions
from recsys.second_stage.habits import CUSTOMER_NAMES, PAIR_NAMES, habits_of
from tests.recsys.conformance import AS_OF


def test_habits_counted_by_hand() -> None:
    """Tea on three visits of four, 6, 2 and 4 units; jam once, 3 units, on the second last."""
    lines = pd.DataFrame(
        [("a", "tea", 100, 6), ("a", "tea", 60, 2), ("a", "jam", 30, 3), ("a", "tea", 10, 4)],
        columns=["customer_id", "variant_id", "days", "quantity"],
    )
    lines["ordered_at"] = pd.Timestamp(AS_OF) - pd.to_timedelta(lines["days"], unit="D")
    found = habits_of(Interactions.from_lines(lines, as_of=AS_OF, variants=["bun", "jam", "tea"]))
    bun, jam, tea = (
        dict(zip(PAIR_NAMES, row, strict=True))
        for row in found.of_pairs(np.arange(3)).astype(float).tolist()
    )
    assert np.isnan(list(bun.values())).all()
    assert (tea["times"], tea["last_days"], tea["first_days"], tea["gap_days"]) == (3, 10, 100, 45)
    usual = np.log([6, 2, 3, 4]).mean()
    assert tea["last_units"] == pytest.approx(np.log(4))
    assert tea["units_beyond_own"] == pytest.approx(np.log(4) - usual, abs=1e-6)
    assert tea["units_of_usual"] == pytest.approx(4 / (12 / 3))
    # 8 units lasted the 90 days before, so that 4 last 45, of which 10 are over
    assert tea["cover"] == pytest.approx(10 / 45)
    assert np.isnan(jam["cover"])
    assert tea["recent_visits"] == pytest.approx(1 + 0.7**2 + 0.7**3)
    assert [tea[f"in_{name}"] for name in ("last", "second", "third", "fourth")] == [1, 0, 1, 1]
    assert [jam[f"in_{name}"] for name in ("last", "second", "third", "fourth")] == [0, 1, 0, 0]
    customer = dict(zip(CUSTOMER_NAMES, found.customer[0].astype(float).tolist(), strict=True))
    assert [customer[f"lines_{name}"] for name in ("last", "second", "third")] == [1, 1, 1]
    assert customer["log_units_a_line"] == pytest.approx(usual, abs=1e-6)


def test_nothing_bought_is_no_habit() -> None:
    lines = pd.DataFrame({"customer_id": ["a"], "variant_id": ["tea"], "weight": [0.1]})
    found = habits_of(Interactions.from_lines(lines, as_of=AS_OF))
    assert np.isnan(found.customer).all()
    assert np.isnan(found.of_pairs(np.array([0]))).all()
