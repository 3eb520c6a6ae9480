"""The demand panel of a workspace with a stock table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from data.importing import import_files
from data.mapping import load_mapping
from data.workspace import Workspace
from production.demand.history import DemandPanel
from production.demand.reading import build_panel, read_panel
from production.demand.settings import DemandSettings
from tests.paths import ROOT
from tests.production import markets
from tests.production.demand.censoring.shops import wape
from tests.production.markets import START, WEEK

SAMPLE = ROOT / "data" / "sample"


def stock(weeks: int = 70, variants: int = 24, seed: int = 1) -> pd.DataFrame:
    """A tenth of the variants out for half of the week or all of it, each week."""
    random = np.random.default_rng(seed)
    row, week = np.divmod(np.arange(weeks * variants), weeks)
    return pd.DataFrame(
        {
            "variant_id": pd.array([f"v{one:03d}" for one in row], dtype="str"),
            "date": (START + week * WEEK).astype("datetime64[us]"),
            "in_stock": random.choice([0.0, 0.5, 1.0], size=len(row), p=[0.05, 0.05, 0.9]),
        }
    )


def stocked(**settings: Any) -> DemandPanel:
    return build_panel(
        markets.orders(), markets.catalogue(), None, DemandSettings(**settings), stock=stock()
    )


def test_without_a_stock_table_sales_are_demand() -> None:
    panel = markets.panel()
    assert panel.demanded is None
    assert panel.sold is panel.units
    history = panel.at(panel.end, horizon=4)
    assert history.sold is None
    assert history.restored is None


def test_the_setting_says_how_demand_is_restored() -> None:
    none, exposure, choice = (stocked(restore=method) for method in ("none", "exposure", "choice"))
    assert none.demanded is None
    assert exposure.demanded is not None
    assert choice.demanded is not None
    np.testing.assert_array_equal(exposure.sold, none.units)
    assert (exposure.units >= none.units).all()
    assert exposure.units.sum() > none.units.sum()
    assert not np.array_equal(exposure.units, choice.units)
    np.testing.assert_array_equal(stocked().units, choice.units)
    with pytest.raises(ValidationError):
        DemandSettings(market_share=1.0)


def test_a_given_market_share_is_kept() -> None:
    panel = stocked(market_share=0.4)
    assert panel.demanded is not None
    found = panel.demanded.before(len(panel.periods))
    assert found.market_share == 0.4
    assert found.moved > 0
    assert found.fits > 0
    assert found.unconverged == 0


def test_an_origin_sees_the_same_past_whatever_came_later() -> None:
    lines, until = markets.orders(), 50
    early = lines[lines["ordered_at"] < (START + until * WEEK).astype("datetime64[us]")]
    known = stock()
    before = known[known["date"] < (START + until * WEEK).astype("datetime64[us]")]
    then = build_panel(early, markets.catalogue(), None, DemandSettings(), stock=before)
    now = stocked()
    origin = START + until * WEEK
    one, other = then.at(origin, horizon=4), now.at(origin, horizon=4)
    np.testing.assert_array_equal(one.units, other.units)
    np.testing.assert_array_equal(one.lines, other.lines)
    assert one.sold is not None
    assert other.sold is not None
    np.testing.assert_array_equal(one.sold, other.sold)
    assert one.restored == other.restored


def test_the_restoration_adds_up() -> None:
    panel = stocked(market_share=0.4)
    history = panel.at(START + 60 * WEEK, horizon=4)
    found = history.restored
    assert found is not None
    assert history.sold is not None
    assert found.sold == history.sold.sum()
    np.testing.assert_allclose(found.sold + found.missed - found.moved, history.units.sum())
    assert 0.05 < found.short < 0.15
    assert found.to_json()["method"] == "choice"


def test_actuals_are_demand_where_it_is_restored() -> None:
    panel = stocked(restore="exposure")
    origin = START + 60 * WEEK
    sold = panel.sold[:, 60:64].sum(axis=1)
    assert (panel.actual(origin, 4) >= sold).all()
    assert panel.actual(origin, 4).sum() > sold.sum()


def test_days_are_restored_from_weekly_rows() -> None:
    panel = stocked(period="day")
    assert panel.demanded is not None
    assert panel.units.sum() > panel.sold.sum()


def test_stock_of_variants_that_never_sold_changes_nothing() -> None:
    other = stock().assign(variant_id="never")
    panel = build_panel(markets.orders(), None, None, DemandSettings(), stock=other)
    assert panel.demanded is None


def test_a_withdrawn_variant_is_not_missed() -> None:
    until = START + 30 * WEEK
    catalogue = markets.catalogue().assign(
        discontinued_at=pd.Series([until.astype("datetime64[us]")] * 24)
    )
    lines = markets.orders()
    known = stock()
    panel = build_panel(lines, catalogue, None, DemandSettings(restore="exposure"), stock=known)
    assert panel.demanded is not None
    assert panel.demanded.restored.missed[:, :30].any()
    assert not panel.demanded.restored.missed[:, 30:].any()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("sample") / "workspace"
    files = [SAMPLE / name for name in ("sales.csv.gz", "catalogue.csv", "stock.csv.gz")]
    import_files(files, load_mapping("sample"), folder, quarantine=False)
    return Workspace.open(folder)


@pytest.mark.parametrize("method", ["exposure", "choice"])
def test_the_samples_demand_is_restored_to_near_its_truth(sample: Workspace, method: Any) -> None:
    panel = read_panel(sample, DemandSettings(restore=method))
    truth = pd.read_csv(SAMPLE / "truth" / "demand.csv.gz", parse_dates=["week"]).dropna()
    wanted = (
        truth.pivot_table(index="variant_id", columns="week", values="demand", fill_value=0)
        .reindex(index=panel.variants, columns=panel.periods.astype("datetime64[ns]"))
        .fillna(0)
        .to_numpy(float)
    )
    assert wape(panel.units, wanted) < 0.75 * wape(panel.sold, wanted)
    lost = 1 - panel.sold.sum() / wanted.sum()
    assert lost > 0.07
    assert abs(1 - panel.units.sum() / wanted.sum()) < 0.25 * lost
