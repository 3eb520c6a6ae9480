"""Variants that have not sold yet are forecast by the launches that they are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from production.demand.forecast import PARTS, Forecast
from production.demand.forecasters import make_forecaster
from production.demand.history import DemandPanel
from production.demand.launches.unsold import with_unsold
from production.demand.saved import forecast_with_past
from tests.production.demand.launches.shop import END, RATES, shop, unsold

SOON = str(END)
MIDWEEK = str(END + np.timedelta64(7 + 3, "D"))
LATER = str(END + np.timedelta64(28, "D"))
LATELY = str(END - np.timedelta64(21, "D"))
LONG_AGO = str(END - np.timedelta64(70, "D"))


def told(panel: DemandPanel, *, horizon: int = 4) -> tuple[Forecast, Forecast]:
    """The forecast without and with what has not sold yet."""
    history = panel.at(panel.end, horizon=horizon)
    before = make_forecaster("mean_8_weeks").forecast(history)
    return before, with_unsold(before, history, panel.unsold)


def mean_of(forecast: Forecast, variant: str) -> float:
    return float(forecast.mean[forecast.variants.tolist().index(variant)])


def test_a_variant_sells_as_the_launches_that_it_is_like() -> None:
    _, found = told(shop(unsold(("new-socks", "socks", SOON), ("new-hats", "hats", SOON))))
    assert mean_of(found, "new-socks") == pytest.approx(4 * RATES["socks"], rel=0.3)
    assert mean_of(found, "new-hats") == pytest.approx(4 * RATES["hats"], rel=0.5)
    assert mean_of(found, "new-socks") > 3 * mean_of(found, "new-hats")


def test_nothing_else_changes_and_all_stays_in_order() -> None:
    before, found = told(shop(unsold(("a-first", "socks", SOON), ("zz-last", "hats", SOON))))
    assert found.variants.tolist() == sorted([*before.variants, "a-first", "zz-last"])
    there = np.isin(found.variants.astype(str), before.variants.astype(str))
    assert found.mean[there].tolist() == before.mean.tolist()
    assert found.quantiles[there].tolist() == before.quantiles.tolist()
    assert found.weekly.sum(axis=1) == pytest.approx(found.mean)
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    assert (found.quantiles >= 0).all()


def test_weeks_before_the_launch_hold_nothing_and_its_own_week_a_part() -> None:
    _, found = told(shop(unsold(("half", "socks", MIDWEEK), ("whole", "socks", SOON))))
    half, whole = (found.weekly[found.variants.tolist().index(name)] for name in ("half", "whole"))
    assert half[0] == 0
    # each has a rate of its own, its launch's own week four sevenths of one
    assert half[1] / half[2] == pytest.approx(4 / 7 * whole[0] / whole[1])
    assert half[2] == pytest.approx(whole[1], rel=0.05)


@pytest.mark.parametrize("day", [LATER, LONG_AGO])
def test_who_is_not_due_is_not_forecast(day: str) -> None:
    before, found = told(shop(unsold(("other", "socks", day))))
    assert found is before


def test_weeks_on_sale_without_a_sale_lower_what_is_expected() -> None:
    _, found = told(shop(unsold(("silent", "socks", LATELY), ("fresh", "socks", SOON))))
    assert 0 < mean_of(found, "silent") < 0.5 * mean_of(found, "fresh")


def test_a_discontinued_variant_is_not_forecast() -> None:
    coming = unsold(("gone", "socks", SOON)).assign(discontinued_at=np.datetime64(LATELY, "us"))
    before, found = told(shop(coming))
    assert found is before


def test_without_attributes_or_without_a_catalogue_nothing_is_added() -> None:
    panel = shop(unsold(("new", "socks", SOON)))
    history = panel.at(panel.end, horizon=4, without=frozenset({"attribute"}))
    before = make_forecaster("mean_8_weeks").forecast(history)
    assert with_unsold(before, history, panel.unsold) is before
    assert with_unsold(before, panel.at(panel.end, horizon=4), None) is before


def test_too_few_launches_say_nothing() -> None:
    panel = shop(unsold(("new", "socks", SOON)))
    early = panel.periods[24]
    history = panel.at(early, horizon=4)
    before = make_forecaster("mean_8_weeks").forecast(history)
    coming = panel.unsold
    assert coming is not None
    soon = coming.assign(introduced_at=np.datetime64(early, "us"))
    assert with_unsold(before, history, soon) is before


def test_parts_add_up_and_are_the_styles() -> None:
    panel = shop(unsold(("new", "socks", SOON)))
    history = panel.at(panel.end, horizon=4)
    before = make_forecaster("mean_8_weeks").forecast(history)
    parts = np.zeros((len(before.mean), len(PARTS)))
    parts[:, PARTS.index("level")] = before.mean
    found = with_unsold(replace(before, parts=parts), history, panel.unsold)
    assert found.parts is not None
    assert found.parts.sum(axis=1) == pytest.approx(found.mean)
    row = found.parts[found.variants.tolist().index("new")]
    assert row[PARTS.index("style")] == mean_of(found, "new")


def test_a_kept_forecast_knows_the_style_and_title_of_what_has_not_sold() -> None:
    panel = shop(unsold(("new", "socks", SOON)))
    kept = forecast_with_past(told(panel)[1], panel)
    row = kept.place("new")
    assert kept.titles[row] == "socks new"
    assert kept.style_ids[row] == "new"
    assert kept.groups[row] == "socks"
    assert not kept.past[row].any()
