"""Demand by day: the panel, the references, and a published year of bicycle rentals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from data.importing import import_files
from data.mapping import load_mapping
from data.workspace import Workspace
from production.demand import reading
from production.demand.forecasters import BY_DAY, make_forecaster, method_names
from production.demand.history import DemandPanel
from production.demand.metrics import slices
from production.demand.origins import past_origins
from production.demand.periods import DAY, paced
from production.demand.reading import build_panel, read_panel
from production.demand.settings import DemandSettings
from production.errors import BadPeriod, TooLittleHistory
from tests.paths import SHARED
from tests.production import markets
from tests.production.markets import START, one_line

BY_DAY_SETTINGS = DemandSettings(period="day", preferences=False)
BIKES = SHARED / "bike_sharing/day.csv"


def panel(lines: pd.DataFrame | None = None) -> DemandPanel:
    lines = markets.orders(variants=4, weeks=40, rate=30.0) if lines is None else lines
    return build_panel(lines, markets.catalogue(4), None, BY_DAY_SETTINGS)


def at_hours(*moments: str) -> pd.DataFrame:
    """One line a moment."""
    lines = pd.concat([one_line(0)] * len(moments))
    return lines.assign(ordered_at=np.array(moments, dtype="datetime64[us]"))


def test_days_add_up_to_weeks() -> None:
    by_day = panel()
    by_week = build_panel(
        markets.orders(variants=4, weeks=40, rate=30.0),
        markets.catalogue(4),
        None,
        DemandSettings(),
    )
    assert by_day.per_week == 7
    assert by_day.periods[0] == START
    assert by_day.end == by_week.end
    folded = by_day.units.reshape(4, -1, 7).sum(axis=2)
    np.testing.assert_array_equal(folded, by_week.units)


def test_an_origin_is_a_day_within_the_data() -> None:
    by_day = panel()
    wednesday = START + 100 * DAY
    assert by_day.origin(wednesday) == wednesday
    history = by_day.at(wednesday, horizon=3)
    assert history.periods[-1] == wednesday - DAY
    assert history.future.index.tolist() == [pd.Timestamp(wednesday + step) for step in range(3)]
    assert by_day.actual_by_period(wednesday, 3).shape == (4, 3)
    with pytest.raises(OutsideData, match="days from"):
        by_day.origin(START)
    assert past_origins(by_day, horizon=7, origins=3, step=2)[-1] == by_day.end - 7 * DAY


@pytest.mark.parametrize(("last", "days"), [("2024-01-05T18:00", 5), ("2024-01-05T08:00", 4)])
def test_the_last_day_is_whole_once_the_shop_has_closed(last: str, days: int) -> None:
    usual = [f"2024-01-0{day}T{hour}:30" for day in range(1, 5) for hour in ("09", "17")]
    assert len(panel(at_hours(*usual, last)).periods) == days


def test_days_without_a_time_are_whole() -> None:
    assert len(panel(at_hours("2024-01-01", "2024-01-03")).periods) == 3


def test_a_panel_too_large_for_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CELLS", 1000)
    with pytest.raises(BadPeriod, match="4 variants over 280 days") as caught:
        panel()
    assert "by week" in caught.value.fix


def test_a_weeks_weight_is_spread_over_its_days() -> None:
    assert paced(0.2, 1) == pytest.approx(0.2)
    assert 1 - (1 - paced(0.2, 7)) ** 7 == pytest.approx(0.2)


@pytest.mark.parametrize("method", BY_DAY)
def test_every_method_for_days_is_sound_by_day(method: str) -> None:
    lines = markets.orders(variants=4, weeks=60, rate=30.0)
    found = make_forecaster(method).forecast(panel(lines).at(START + 401 * DAY, horizon=10))
    assert found.weekly.shape == (4, 10)
    np.testing.assert_allclose(found.weekly.sum(axis=1), found.mean)
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    rates = 30.0 * (np.arange(4) + 1) / 4 * 2.5 / 7 * 10
    assert np.abs(found.mean - rates).sum() < 0.45 * rates.sum()


def test_same_weekday_last_week_repeats_the_week() -> None:
    by_day = panel()
    history = by_day.at(START + 210 * DAY, horizon=9)
    found = make_forecaster("same_weekday_last_week").forecast(history)
    last = history.units[:, -7:]
    np.testing.assert_array_equal(found.weekly, np.hstack([last, last[:, :2]]))


def test_too_few_days_are_said_in_days() -> None:
    with pytest.raises(TooLittleHistory, match="84 days of orders"):
        make_forecaster("atelier").forecast(panel().at(START + 70 * DAY, horizon=7))


def test_slices_are_the_same_by_day_as_by_week() -> None:
    history = panel().at(START + 210 * DAY, horizon=7)
    assert set(slices(history)) == {"dense"}


def test_only_methods_that_are_meant_for_days_are_compared_by_day() -> None:
    assert set(method_names(7)) <= set(method_names())
    assert "boosting" not in method_names(7)


@pytest.mark.skipif(not BIKES.exists(), reason="the bike sharing file is not there")
def test_bicycles_with_their_weather_known_beat_last_week_by_a_third(tmp_path: Path) -> None:
    import_files([BIKES], load_mapping("bike_sharing"), tmp_path / "bikes")
    settings = DemandSettings(period="day", ahead={"*": "known"})
    bikes = read_panel(Workspace.open(tmp_path / "bikes"), settings)
    missed: dict[str, list[float]] = {"atelier": [], "same_weekday_last_week": []}
    for origin in np.arange("2012-01-02", "2012-05-01", 28, dtype="datetime64[D]"):
        history = bikes.at(origin, horizon=7)
        came = bikes.actual_by_period(origin, 7).sum(axis=0)
        for method, errors in missed.items():
            found = make_forecaster(method).forecast(history)
            errors.extend((found.weekly.sum(axis=0) - came) ** 2)
    ours, theirs = (np.sqrt(np.mean(errors)) for errors in missed.values())
    assert ours < 0.67 * theirs
