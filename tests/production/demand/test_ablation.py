"""Ablation: a group that carries demand earns, one that is not looked at is said to be unused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.workspace import Workspace
from production.demand import forecasters
from production.demand.ablation import ABLATIONS, ablate
from production.demand.forecast import GROUPS, DemandHistory, Forecast, Forecaster
from production.demand.forecasting import DemandSource, open_demand
from production.demand.origins import past_origins
from production.demand.reading import read_panel
from production.errors import BadAblation
from tests.production import markets


class Knowing(Forecaster):
    """Reads the coming units off the prices: demand follows them in the market below."""

    name = "knowing"

    def forecast(self, history: DemandHistory) -> Forecast:
        active = history.active
        usual = history.units[active].mean(axis=1)
        price = history.price[active, -1]
        mean = usual if "price" in history.without else usual * price
        quantiles = mean[:, None] * np.linspace(0.5, 1.5, 7)
        weekly = np.repeat(mean[:, None] / history.horizon, history.horizon, axis=1)
        return Forecast(
            method=self.name,
            origin=history.origin,
            variants=history.variants[active],
            weekly=weekly,
            mean=mean,
            quantiles=quantiles,
        )


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DemandSource:
    made = Workspace.create(tmp_path / "w")
    made.write({"orders": markets.orders(), "variants": markets.catalogue()})
    monkeypatch.setitem(forecasters._METHODS, Knowing.name, Knowing)
    panel = read_panel(made)
    dates = past_origins(panel, horizon=4, origins=3, step=4)
    return open_demand(made, dates, panel=panel, horizon=4, preferences=False)


def dates_of(source: DemandSource) -> list[np.datetime64]:
    return past_origins(source.panel, horizon=4, origins=3, step=4)


def test_every_group_is_left_out_and_two_together() -> None:
    assert set(ABLATIONS) == {*GROUPS, "preference + attribute"}


def test_only_what_is_looked_at_is_judged(source: DemandSource) -> None:
    found = ablate(source, dates_of(source), Knowing.name)
    assert set(found.unused) == set(ABLATIONS) - {"price"}
    assert {row["left_out"] for row in found.rows} == {"price"}
    verdicts = {row["verdict"] for row in found.rows}
    assert verdicts <= {"earns", "harms", "nothing told"}
    assert json.dumps(found.to_json(), allow_nan=False)


def test_the_source_is_blind_to_what_is_left_out(source: DemandSource) -> None:
    date = dates_of(source)[-1]
    blind = source.without(frozenset({"price", "style", "attribute", "season"}))
    whole, seen = source.history(date), blind.history(date)
    assert seen.without == {"price", "style", "attribute", "season"}
    assert (seen.price == 1).all()
    assert seen.attributes is None
    assert len(seen.styles) == len(seen.variants)
    assert set(seen.regressors.columns) < set(whole.regressors.columns)
    assert seen.past is not None
    earlier = seen.past.origins(1)[0]
    assert seen.past.history(earlier).without == seen.without
    assert (whole.units == seen.units).all()


def test_an_unknown_group_is_refused(source: DemandSource) -> None:
    with pytest.raises(BadAblation, match="moon"):
        ablate(source, dates_of(source), Knowing.name, groups=["moon"])
