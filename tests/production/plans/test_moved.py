"""Why a line moved, in words that its own numbers bear out."""

from __future__ import annotations

import pandas as pd
import pytest

from production.plans.moved import why_moved


@pytest.mark.parametrize(
    ("after", "told"),
    [(131.0, "129.8 to 131.0 expected"), (129.7, "of others that share its resources")],
)
def test_a_demand_that_fell_raises_no_quantity(after: float, told: str) -> None:
    line = pd.Series(
        {
            "variant_id": "X", "before": 126, "after": 132, "demand": 6, "status": "both",
            "demand_before": 129.8, "demand_after": after,
        }
    )  # fmt: skip
    assert why_moved(line, pd.DataFrame(), ["demand"]) == (
        f"'X' goes from 126 to 132 units: +6 by demand ({told})."
    )
