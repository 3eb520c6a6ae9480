from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.cli import main
from data.workspace import Workspace
from tests.production.markets import catalogue, orders


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mix") / "shop"
    lines = orders(weeks=36)
    region = np.where(np.arange(len(lines)) % 4, "north", "south")
    Workspace.create(place).write({"orders": lines.assign(region=region), "variants": catalogue()})
    (place / "atelier.toml").write_text("[demand]\npreferences = false\n", encoding="utf-8")
    return place


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `atelier`."""
    with pytest.raises(SystemExit) as end:
        main([*map(str, words)])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_the_mix_is_judged_beside_its_references(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    figures, rows = tmp_path / "mix.json", tmp_path / "mix.parquet"
    words = ("-w", shop, "--origins", 2, "--json", figures, "--predictions", rows)
    status, out, err = run(capsys, "evaluate", "mix", *words)
    assert status == 0, err
    for word in ("raw_13_weeks", "dirichlet_multinomial", "atelier", "coverage"):
        assert word in out
    told = json.loads(figures.read_text())
    assert told["sparse_units"] == 20
    assert {row["method"] for row in told["methods"]} == set(pd.read_parquet(rows)["method"])


def test_sample_paths_lie_in_a_file_and_add_up_over_regions(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "paths.parquet", tmp_path / "regions.parquet"
    words = ("forecast", "-w", shop, "--method", "mean_8_weeks", "--paths", 30, "--out")
    for file, more in ((whole, ()), (parts, ("--by-region",))):
        status, _, err = run(capsys, *words, file, *more)
        assert status == 0, err
    paths, by_region = pd.read_parquet(whole), pd.read_parquet(parts)
    days = [name for name in paths if name not in {"draw", "variant_id"}]
    assert len(days) == 4
    assert len(paths) == 30 * paths["variant_id"].nunique()
    assert set(by_region["region"]) == {"north", "south"}
    key = ["draw", "variant_id"]
    pd.testing.assert_frame_equal(
        by_region.groupby(key)[days].sum(), paths.set_index(key)[days].sort_index(),
        check_dtype=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("--paths", 5), ("--by-region",), ("--paths", 0)])
def test_paths_without_a_file_are_refused(
    capsys: pytest.CaptureFixture[str], shop: Path, words: tuple[object, ...]
) -> None:
    assert run(capsys, "forecast", "-w", shop, *words)[0] == 2
