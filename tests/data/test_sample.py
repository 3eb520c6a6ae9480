"""The sample that ships is the one that its command writes, byte for byte."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pandas as pd
import pytest

from data.importing import import_files
from data.mapping import load_mapping
from data.quality import QualityReport
from data.simulator import SAMPLE as SETTINGS
from data.simulator import Market, simulate, write_sample
from data.tables import TABLES
from data.workspace import Workspace
from tests.data import shop
from tests.paths import ROOT

SAMPLE = ROOT / "data" / "sample"
BY_HAND = {"README.md", "products/SH001.uvl", "products/SH001.toml"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_is_the_same_files(written: Path) -> None:
    assert names(SAMPLE) - BY_HAND == names(written)


def test_every_byte_is_the_same(written: Path) -> None:
    plain_zlib = "ng" not in zlib.ZLIB_RUNTIME_VERSION
    for name in sorted(names(written)):
        shipped, fresh = (SAMPLE / name).read_bytes(), (written / name).read_bytes()
        if name.endswith(".gz") and not plain_zlib:  # another deflate packs otherwise
            shipped, fresh = gzip.decompress(shipped), gzip.decompress(fresh)
        assert shipped == fresh, f"{name} differs; write it with the command of its README"


def test_it_is_small() -> None:
    assert sum((SAMPLE / name).stat().st_size for name in names(SAMPLE)) < 3_000_000


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, QualityReport]:
    folder = tmp_path_factory.mktemp("imported") / "workspace"
    files = sorted(SAMPLE.glob("*.csv*"))
    report = import_files(files, load_mapping("sample"), folder, quarantine=False)
    return Workspace.open(folder), report


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(SETTINGS)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """A true table with its customers under their pseudonyms, as an import keeps them."""
    if "customer_id" not in frame:
        return frame
    return frame.assign(customer_id=shop.PSEUDONYMS.column(frame["customer_id"]))


def by_key(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    loose = ("order_id", "customer_id", "variant_id", "at", "kind")
    keys = [column for column in TABLES[name].key or loose if column in frame]
    return frame.sort_values(keys, kind="stable", ignore_index=True)


def test_the_mapping_takes_all_the_dirt_off(
    imported: tuple[Workspace, QualityReport], market: Market
) -> None:
    workspace, report = imported
    orders = by_key(workspace.read(TABLES["orders"]), "orders")
    truth = by_key(named(market.orders), "orders")
    exact = truth.columns.drop("unit_price")
    pd.testing.assert_frame_equal(orders[exact], truth[exact])
    differs = (orders["unit_price"] - truth["unit_price"]).abs() > 0.001
    assert 0 < differs.mean() < 0.002  # missing prices became the variant's median
    rules = report.to_json()["set_aside"]
    assert {"cancellation", "duplicate", "non_product", "write_off"} <= set(rules)


@pytest.mark.parametrize(
    "name",
    [
        "events",
        "variants",
        "market",
        "resources",
        "usage",
        "lots",
        "stock",
        "configurations",
        "knowledge",
    ],
)
def test_the_other_tables_come_in_as_they_are(
    imported: tuple[Workspace, QualityReport], market: Market, name: str
) -> None:
    truth = by_key(named(getattr(market, name)), name)
    read = by_key(imported[0].read(TABLES[name]), name)
    pd.testing.assert_frame_equal(read[truth.columns], truth, check_dtype=False)
