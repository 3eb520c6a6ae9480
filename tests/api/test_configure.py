"""`atelier configure`, as a person and as a program calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from tests.paths import ROOT

SAMPLE = ROOT / "data" / "sample" / "products" / "SH001.uvl"
KEYS = {
    "valid", "forced_on", "forced_off", "open", "conflict", "price", "lead_time_days",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of `atelier configure`."""
    with pytest.raises(SystemExit) as end:
        main(["configure", *map(str, words)])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    status, out, err = run(capsys, *words, "--json")
    assert status == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.uvl"
    path.write_text(
        "features\n Lamp\n  optional\n   A\n   B\n   C\nconstraints\n A => B\n !(B & C)\n",
        encoding="utf-8",
    )
    return path


def test_a_program_is_told_what_is_forced_and_open(
    capsys: pytest.CaptureFixture[str], model: Path
) -> None:
    answer = told(capsys, model, "--choose", "A")
    assert answer == {
        "valid": True,
        "forced_on": ["Lamp", "A", "B"],
        "forced_off": ["C"],
        "open": [],
        "conflict": None,
        "price": None,
        "lead_time_days": None,
    }
    assert told(capsys, model, "--choose", "!B")["forced_off"] == ["A", "B"]


def test_a_conflict_is_an_answer_with_changes_and_the_lines_behind_it(
    capsys: pytest.CaptureFixture[str], model: Path
) -> None:
    words = (model, "--choose", "A", "--choose", "C")
    answer = told(capsys, *words)
    assert set(answer) == KEYS
    assert answer["valid"] is False
    assert answer["conflict"] == {
        "choices": ["A", "C"],
        "changes": [["A"]],
        "because": [{"line": 8, "rule": "A => B"}, {"line": 9, "rule": "!(B & C)"}],
        "looked_at": 2,
    }
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert "Cannot be had together: A, C" in out
    assert "lamp.uvl:8: A => B" in out


def test_the_sample_is_priced_from_the_file_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = (SAMPLE, "--choose", "letters=3", "--choose", "blue", "--quantity", 12)
    answer = told(capsys, *words)
    assert set(answer) == KEYS | {"values"}
    assert answer["price"]["currency"] == "EUR"
    assert answer["price"]["items"][0] == {"what": "base", "unit": "79.00", "amount": "948.00"}
    assert answer["lead_time_days"] == 10
    assert answer["values"] == {"letters": ["3"]}
    whole = told(capsys, *words, "--complete")
    assert "letters" in whole["configuration"]["selected"]
    assert whole["configuration"]["values"] == {"letters": "3"}
    assert set(whole["usage"]) == {"cutting", "sewing", "fabric"}
    status, out, _ = run(capsys, *words, "--complete")
    assert status == 0
    for word in ("Completed", "Price of 12 in EUR", "Total", "Lead time 10 days", "Usage"):
        assert word in out


def test_an_audit_counts(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    answer = told(capsys, model, "--check")
    assert answer == {
        "features": 4,
        "constraints": 2,
        "void": False,
        "core": ["Lamp"],
        "dead": [],
        "false_optional": [],
        "configurations": 4,
        "configurations_log10": pytest.approx(0.602, abs=1e-3),
    }
    status, out, _ = run(capsys, model, "--check")
    assert status == 0
    assert "Configurations: 4." in out


def test_a_void_model_is_said_to_be_void_and_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "void.uvl"
    path.write_text("features\n R\n  mandatory\n   A\nconstraints\n !A\n", encoding="utf-8")
    answer = told(capsys, path, "--check")
    assert answer["void"] is True
    assert answer["dead"] == ["R", "A"]
    assert answer["configurations"] == 0
    state = told(capsys, path)
    assert state["valid"] is False
    assert [one["line"] for one in state["conflict"]["because"]] == [3, 6]
    assert "Void" in run(capsys, path, "--check")[1]
    assert "void" in run(capsys, path)[1]


@pytest.mark.parametrize(
    ("words", "code", "where"),
    [
        (("--choose", "A", "--choose", "!A"), "production.bad-choice", "choice"),
        (("--choose", "a lamp"), "production.bad-choice", "choice"),
        (("--quantity", "0"), "production.price-refused", "quantity"),
        (("--quantity", "1000000000"), "production.price-refused", "quantity"),
        (("--options", "none.toml"), "production.bad-options", "none.toml"),
    ],
)
def test_what_is_at_fault_is_said_with_a_code(
    capsys: pytest.CaptureFixture[str], model: Path, words: tuple[str, ...], code: str, where: str
) -> None:
    status, out, err = run(capsys, model, *words, "--json")
    assert status == 1
    error = json.loads(out)["error"]
    assert error["code"] == code
    assert error["where"] == where
    assert error["do"]
    assert "Error:" in err


def test_a_file_cut_in_half_is_refused_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    path = tmp_path / "half.uvl"
    path.write_text(text[: text.index("alternative") + len("alternative")], encoding="utf-8")
    status, out, _ = run(capsys, path, "--check", "--json")
    assert status == 1
    assert json.loads(out)["error"]["where"] == "half.uvl:6"
    assert json.loads(out)["error"]["code"] == "production.bad-model"


def test_an_audit_takes_no_choices(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    status, _, err = run(capsys, model, "--check", "--choose", "A")
    assert status == 2
    assert "An audit takes no choices" in err


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has learned the sample's choices."""
    from data.importing import import_files
    from data.mapping import load_mapping
    from data.workspace import Workspace
    from production.configuration.products import add_products

    folder = tmp_path_factory.mktemp("learned") / "workspace"
    names = ("composed.csv.gz", "catalogue.csv", "sales.csv.gz")
    files = [ROOT / "data" / "sample" / name for name in names]
    import_files(files, load_mapping("sample"), folder)
    add_products(Workspace.open(folder), sorted(SAMPLE.parent.iterdir()))
    with pytest.raises(SystemExit) as end:
        main(["choices", "--workspace", str(folder), "--json"])
    assert not end.value.code
    return folder


def test_likely_choices_come_with_their_chance_and_a_whole_that_keeps_them(
    capsys: pytest.CaptureFixture[str], learned: Path
) -> None:
    asked = [SAMPLE, "--choose", "blue", "--choose", "monogram", "--workspace", learned]
    answer = told(capsys, *asked, "--likely", "--complete-likely")
    assert {one["choice"] for one in answer["likely"]} <= set(answer["open"])
    assert all(0 < one["probability"] < 1 for one in answer["likely"])
    assert {"blue", "monogram", "letters"} <= set(answer["configuration"]["selected"])
    assert "materials" in answer
    of_one = told(capsys, *asked, "--likely", "--customer", "10242")
    assert of_one["likely"] != answer["likely"]
    status, out, _ = run(capsys, *asked, "--likely")
    assert status == 0
    assert "Likely" in out


def test_choices_that_were_never_learned_are_refused(
    capsys: pytest.CaptureFixture[str], learned: Path, model: Path
) -> None:
    status, _, err = run(capsys, model, "--likely", "--workspace", learned)
    assert status == 1
    assert "atelier choices" in err
