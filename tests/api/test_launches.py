from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import main
from data.workspace import Workspace
from tests.recsys.evaluation.test_launches import planted


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    orders, variants = planted()
    Workspace.create(tmp_path / "shop").write({"orders": orders, "variants": variants})
    return tmp_path / "shop"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `atelier evaluate launches`."""
    with pytest.raises(SystemExit) as end:
        main(["evaluate", "launches", *map(str, words)])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_launches_are_ranked_and_told(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "launches.json"
    words = ("-w", shop, "--origin", "2024-06-03", "--models", "content", "--json", figures)
    status, out, err = run(capsys, *words)
    assert status == 0, err
    assert "Launched in the window from 2024-06-03: 16 variants" in out
    assert "Fewer than 60 variants were launched at 2024-06-03" in out
    rows = json.loads(figures.read_text())["models"]
    assert {(row["model"], row["k"]) for row in rows} == {
        (name, k) for name in ("attribute_popularity", "content") for k in (5, 10, 20)
    }
    status, out, _ = run(capsys, *words, "-k", 5, "--test-days", 20)
    assert status == 0
    assert "Fewer than" not in out


def test_a_model_that_needs_sales_is_refused(
    capsys: pytest.CaptureFixture[str], shop: Path
) -> None:
    status, _, err = run(capsys, "-w", shop, "--origin", "2024-06-03", "--models", "als")
    assert status == 1
    assert "'als' puts what nobody has taken last" in err
    assert "content" in err
