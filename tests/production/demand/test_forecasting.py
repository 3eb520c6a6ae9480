from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from data.workspace import Workspace
from production.demand.forecasting import forecast_demand, open_demand
from production.errors import BadHorizon, TooLittleHistory, UnknownMethod
from recsys.model import Run
from tests.production import markets
from tests.production.markets import START, WEEK

ORIGIN = START + 60 * WEEK


def workspace(folder: Path, lines: pd.DataFrame) -> Workspace:
    made = Workspace.create(folder)
    made.write({"orders": lines, "variants": markets.catalogue(), "market": markets.market()})
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return workspace(tmp_path_factory.mktemp("shop") / "w", markets.orders())


def test_a_workspace_is_forecast_from_its_last_complete_week(shop: Workspace) -> None:
    told: list[str] = []
    found = forecast_demand(shop, progress=lambda stage, done, total: told.append(stage))
    assert found.origin == START + 70 * WEEK
    assert found.method == "atelier"
    assert set(found.variants) == {f"v{place:03d}" for place in range(24)}
    assert {"Forecasting demand", "Learning preferences"} <= set(told)


def test_a_day_stands_for_its_week(shop: Workspace) -> None:
    monday = forecast_demand(shop, as_of=ORIGIN, method="mean_8_weeks")
    friday = forecast_demand(shop, as_of=ORIGIN + 4, method="mean_8_weeks")
    assert monday.origin == friday.origin == ORIGIN


def test_nothing_after_the_origin_moves_the_default_and_its_preferences(
    shop: Workspace, tmp_path: Path
) -> None:
    lines = pd.concat(
        [
            markets.orders(),
            markets.one_line(60, 80_000),
            markets.one_line(61, 300, customer_id="whale", variant_id="v005"),
            markets.one_line(62, 300, customer_id="c001", variant_id="v999"),
        ]
    )
    spiked = workspace(tmp_path / "w", lines)
    one, other = (open_demand(which, [ORIGIN]).history(ORIGIN) for which in (shop, spiked))
    assert one.expected is not None
    assert other.expected is not None
    assert np.isfinite(one.expected[:, -1]).any()
    np.testing.assert_array_equal(one.expected, other.expected)
    clean, moved = (forecast_demand(which, as_of=ORIGIN) for which in (shop, spiked))
    np.testing.assert_array_equal(clean.quantiles, moved.quantiles)
    np.testing.assert_array_equal(clean.weekly, moved.weekly)


def test_the_same_seed_gives_the_same_forecast(shop: Workspace) -> None:
    one, other = (forecast_demand(shop, as_of=ORIGIN, run=Run(seed=4)) for _ in range(2))
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


def test_expected_units_follow_what_customers_take(shop: Workspace) -> None:
    source = open_demand(shop, [ORIGIN])
    assert source.expected is not None
    expected = source.expected[:, 60]
    rates = np.arange(24) + 1.0  # what the market was made with
    assert np.corrcoef(expected, rates)[0, 1] > 0.8
    came = source.panel.actual(ORIGIN, 4).sum()
    assert 0.6 < expected.sum() / came < 1.4


def test_a_workspace_without_customers_is_forecast_all_the_same(tmp_path: Path) -> None:
    lines = markets.orders()
    lines["customer_id"] = pd.array([None] * len(lines), dtype="str")
    found = forecast_demand(workspace(tmp_path / "w", lines))
    assert (found.mean > 0).all()


@pytest.mark.parametrize("horizon", [0, -1, 27])
def test_a_horizon_out_of_bounds_is_refused(shop: Workspace, horizon: int) -> None:
    with pytest.raises(BadHorizon, match=str(horizon)):
        forecast_demand(shop, horizon=horizon)


def test_what_the_orders_do_not_reach_is_refused(shop: Workspace) -> None:
    with pytest.raises(OutsideData):
        forecast_demand(shop, as_of=np.datetime64("2031-01-01"))
    with pytest.raises(TooLittleHistory):
        forecast_demand(shop, as_of=START + 5 * WEEK)
    with pytest.raises(UnknownMethod):
        forecast_demand(shop, method="oracle")
