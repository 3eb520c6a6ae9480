"""Ratios with intervals: by hand, and what is not there is not compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.comparison import comparisons
from production.demand.metrics import QUANTILES


def rows(
    method: str, error: float, *, origins: int = 3, variants: int = 40, seed: int = 0
) -> pd.DataFrame:
    """Forecasts that lie `error` times a common miss away from what came."""
    random = np.random.default_rng(seed)
    actual = random.poisson(20, (origins, variants)) + 1.0
    miss = random.normal(0, 1, (origins, variants))
    frame = pd.DataFrame(
        {
            "method": method,
            "origin": np.repeat([f"2024-0{one + 1}-01" for one in range(origins)], variants),
            "variant_id": np.tile([f"v{one:02}" for one in range(variants)], origins),
            "slice": np.tile(np.where(np.arange(variants) % 2, "dense", "sparse"), origins),
            "actual": actual.ravel(),
        }
    )
    frame["mean"] = frame["actual"] + error * miss.ravel()
    for name in QUANTILES:
        frame[name] = frame["mean"]
    return frame


def found(table: pd.DataFrame, others: list[str]) -> dict[tuple[str, str, str], dict[str, object]]:
    return {
        (str(row["against"]), str(row["slice"]), str(row["figure"])): row
        for row in comparisons(table, "mine", others, seed=1)
    }


def test_half_the_error_is_half_the_loss_for_certain() -> None:
    told = found(pd.concat([rows("mine", 1.0), rows("theirs", 2.0)]), ["theirs"])
    assert {slice_ for _, slice_, _ in told} == {"all", "dense", "sparse"}
    for row in told.values():
        assert row["ratio"] == pytest.approx(0.5)
        assert row["interval"] == pytest.approx([0.5, 0.5])
        assert row["origins"] == 3


def test_the_interval_is_wide_where_errors_have_nothing_in_common() -> None:
    other = rows("theirs", 1.0, seed=2).assign(actual=rows("mine", 1.0)["actual"].to_numpy())
    other[["mean", *QUANTILES]] = other[["mean", *QUANTILES]].to_numpy()
    told = found(pd.concat([rows("mine", 1.0), rows("theirs", 1.0, seed=9)]), ["theirs"])
    interval = told["theirs", "all", "wape_q50"]["interval"]
    assert isinstance(interval, list)
    low, high = interval
    assert low < 1 < high
    assert high - low > 0.1


def test_only_common_origins_count() -> None:
    theirs = rows("theirs", 2.0)
    theirs = theirs[theirs["origin"] > "2024-01-01"]
    told = found(pd.concat([rows("mine", 1.0), theirs]), ["theirs"])
    assert told["theirs", "all", "rmse"]["origins"] == 2
    assert told["theirs", "all", "rmse"]["ratio"] == pytest.approx(0.5)


def test_without_a_common_origin_or_demand_nothing_is_compared() -> None:
    assert comparisons(rows("theirs", 1.0), "mine", ["theirs"], seed=0) == []
    assert comparisons(rows("mine", 1.0), "mine", ["theirs"], seed=0) == []
    none = pd.concat([rows("mine", 1.0), rows("theirs", 2.0)]).assign(actual=0.0)
    assert comparisons(none, "mine", ["theirs"], seed=0) == []


def test_the_seed_alone_decides() -> None:
    table = pd.concat([rows("mine", 1.0), rows("theirs", 1.5, seed=3)])
    one, again, other = (comparisons(table, "mine", ["theirs"], seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
