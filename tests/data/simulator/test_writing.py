"""A written market is the same bytes each time, and nothing half-written is left."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from data.errors import FolderError
from data.simulator import Market, MarketSettings, simulate, write_market

SMALL = MarketSettings(seed=3, customers=200, styles=12, weeks=30)


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(SMALL)


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_market_gives_the_same_bytes_in_any_folder(market: Market, tmp_path: Path) -> None:
    write_market(market, tmp_path / "one")
    write_market(simulate(SMALL), tmp_path / "two" / "deep")
    assert contents(tmp_path / "one") == contents(tmp_path / "two" / "deep")


def test_writing_again_replaces_its_own_files_and_leaves_others(
    market: Market, tmp_path: Path
) -> None:
    (tmp_path / "sales.csv.gz").write_bytes(b"old")
    (tmp_path / "mine.txt").write_text("keep")
    write_market(market, tmp_path)
    assert gzip.decompress((tmp_path / "sales.csv.gz").read_bytes()).startswith(b"Receipt,")
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert not list(tmp_path.rglob("*.partial"))


def test_the_export_carries_every_kind_of_dirt(market: Market, tmp_path: Path) -> None:
    write_market(market, tmp_path)
    rows = pd.read_csv(tmp_path / "sales.csv.gz", dtype=str)
    assert rows.duplicated().any()
    assert rows["Customer"].isna().any()
    assert rows["Price"].isna().any()
    assert rows["Article"].str.islower().any()
    assert rows["Article"].isin(["SHIPPING", "GIFTCARD"]).any()
    for sign in ("C", "R", "W"):
        assert rows["Receipt"].str.startswith(sign).any()
    assert len(rows) > len(market.orders)


def test_the_smallest_market_can_be_written(tmp_path: Path) -> None:
    tiny = simulate(MarketSettings(seed=1, customers=1, styles=1, weeks=4, visits=0.0001))
    write_market(tiny, tmp_path)
    assert tiny.orders.empty
    assert len(pd.read_csv(tmp_path / "sales.csv.gz")) == 0


def test_a_folder_that_cannot_be_written_is_refused(market: Market, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderError, match="cannot be written") as refused:
        write_market(market, tmp_path / "file")
    assert str(tmp_path / "file") in str(refused.value)
