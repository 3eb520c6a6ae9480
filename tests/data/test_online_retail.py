"""The real export of a gift wholesaler, in strict mode and with no flag."""

from __future__ import annotations

import pandas as pd
import pytest

from data.importing import import_files
from data.mapping import load_mapping
from data.quality import QualityReport
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from tests.paths import SHARED

FILE = SHARED / "online_retail_ii/online_retail_2009_2010.csv.gz"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the Online Retail II file is not there")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[QualityReport, Workspace]:
    root = tmp_path_factory.mktemp("retail") / "shop"
    report = import_files([FILE], load_mapping("online_retail_ii"), root)
    return report, Workspace.open(root)


def test_every_row_is_accounted_for(imported: tuple[QualityReport, Workspace]) -> None:
    report, workspace = imported
    assert report.read == 525_461
    assert report.set_aside["duplicate"] == 6_865
    assert set(report.set_aside) == {
        "duplicate", "accounting", "non_product", "write_off", "stock_adjustment", "cancellation",
    }  # fmt: skip
    assert report.kept == len(workspace.read(ORDERS))


def test_what_is_no_product_is_gone_and_codes_are_folded(
    imported: tuple[QualityReport, Workspace],
) -> None:
    codes = imported[1].read(ORDERS)["variant_id"]
    gone = {"POST", "DOT", "M", "D", "C2", "S", "BANK CHARGES", "ADJUST", "AMAZONFEE", "TEST001"}
    assert not gone & set(codes)
    assert (codes == codes.str.upper()).all()
    assert not codes.str.startswith("GIFT").any()


def test_returns_stay_and_quick_cancellations_do_not(
    imported: tuple[QualityReport, Workspace],
) -> None:
    orders = imported[1].read(ORDERS)
    returns = orders[orders["quantity"] < 0]
    assert len(returns) > 8_000
    assert returns["order_id"].str.startswith("C").all()
    key = ["customer_id", "variant_id"]
    sold = orders[orders["quantity"] > 0].dropna(subset=["customer_id"])
    pairs = returns.merge(sold, on=key, suffixes=("", "_sold"))
    lag = pairs["ordered_at"] - pairs["ordered_at_sold"]
    assert not ((lag >= pd.Timedelta(0)) & (lag <= pd.Timedelta("12 hours"))).any()


def test_rows_without_a_customer_are_demand(imported: tuple[QualityReport, Workspace]) -> None:
    assert 0.15 < imported[1].read(ORDERS)["customer_id"].isna().mean() < 0.25


def test_five_digits_are_the_style(imported: tuple[QualityReport, Workspace]) -> None:
    variants = imported[1].read(VARIANTS)
    assert variants["variant_id"].is_unique
    digits = variants[variants["variant_id"].str.match(r"\d")]
    assert (digits["style_id"] == digits["variant_id"].str[:5]).all()
    assert (digits.groupby("style_id").size() > 1).sum() > 300
    assert variants["title"].notna().all()
    orders = imported[1].read(ORDERS)
    assert set(orders["variant_id"]) == set(variants["variant_id"])
