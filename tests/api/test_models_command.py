"""`atelier tune`, `atelier models` and what `atelier train` makes of them, as a user runs them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_cli import answered, refused, run

TUNE = ("tune", "--model", "popularity", "--trials", 3, "--origins", 2)


def tuned(capsys: pytest.CaptureFixture[str], workspace: Path, *words: object) -> dict[str, Any]:
    """The figures that a search writes."""
    out = workspace / "tuned.json"
    status, _, err = run(capsys, *TUNE, "-w", workspace, *words, "--json", out)
    assert status == 0, err
    found: dict[str, Any] = json.loads(out.read_text())
    return found


class TestTune:
    def test_the_next_training_uses_what_was_found_and_says_so(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        found = tuned(capsys, workspace)
        train = ("train", "-w", workspace, "--model", "popularity")
        assert len(found["origins"]) == 2
        assert found["value"] >= found["default_value"]
        learned = answered(capsys, *train)
        assert learned["tuned"]["value"] == found["value"]
        assert learned["tuned"]["trials"] == 3
        saved = answered(capsys, "models", "list", "-w", workspace)["models"]
        current = next(one for one in saved if one["current"])
        assert current["model_id"] == learned["model_id"]
        assert current["settings"] == found["settings"]
        assert current["tuned"] == learned["tuned"]
        assert not current["stale"]
        plain = answered(capsys, *train, "--untuned")
        assert plain["tuned"] is None
        assert plain["model_id"] != learned["model_id"]
        status, out, _ = run(capsys, *train)
        assert status == 0
        assert "tuned: ndcg@20" in out

    def test_a_past_day_does_not_know_what_was_chosen_on_later_ones(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        before = tuned(capsys, workspace)["before"]
        earlier = date.fromisoformat(before) - timedelta(days=1)
        train = ("train", "-w", workspace, "--model", "popularity", "--as-of")
        assert answered(capsys, *train, earlier)["tuned"] is None
        assert answered(capsys, *train, before)["tuned"]["before"] == before

    def test_an_evaluation_takes_what_was_found_where_asked(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        found, out = tuned(capsys, workspace), workspace / "figures.json"
        words = ("evaluate", "recommend", "-w", workspace, "--models", "popularity,personal",
                 "--tuned", "--json", out)  # fmt: skip
        status, shown, err = run(capsys, *words)
        assert status == 0, err
        assert "Tuned: popularity;" in shown
        told = json.loads(out.read_text())["settings"]["tuned"]
        assert told["popularity"]["parameters"] == found["parameters"]
        status, _, err = run(capsys, *words, "--origin", found["origins"][-1])
        assert status == 1
        assert "looked at days before" in err
        files = ("evaluate", "recommend", "--train", "a.txt", "--test", "b.txt")
        assert run(capsys, *files, "--tuned")[0] == 2

    def test_people_see_defaults_beside_what_was_chosen(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        status, out, err = run(capsys, *TUNE, "-w", workspace, "--metric", "recall", "-k", 5)
        assert status == 0
        assert "recency_days" in out
        assert "recall@5" in out
        assert "was looked at" in out
        assert "Tuning popularity" in err

    def test_it_goes_on_and_another_search_must_be_said(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        tuned(capsys, workspace)
        journal = workspace / "tuning" / "popularity.jsonl"
        before = journal.read_bytes()
        assert tuned(capsys, workspace, "--trials", 4)["trials"] == 4
        assert journal.read_bytes().startswith(before)
        status, _, err = run(capsys, *TUNE, "-w", workspace, "--seed", 5)
        assert status == 1
        assert "differs in: seed" in err
        assert "--restart" in err
        assert tuned(capsys, workspace, "--seed", 5, "--restart")["seed"] == 5

    def test_a_training_file_is_split_and_found_again(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file, out = tmp_path / "train.txt", tmp_path / "tuned.json"
        lines = [f"c{c} " + " ".join(f"v{(c * 7 + n) % 30}" for n in range(8)) for c in range(40)]
        file.write_text("\n".join(lines))
        words = ("tune", "--train", file, "--model", "ease", "--trials", 3)
        for _ in range(2):
            status, shown, _ = run(
                capsys, *words, "--journal", tmp_path / "trials.jsonl", "--json", out
            )
            assert status == 0
            assert "held out" in shown
        found = json.loads(out.read_text())
        assert found["exclude_seen"]
        assert found["origins"] is None
        assert list(found["parameters"]) == ["regularization"]
        assert found["settings"]["regularization"] == found["parameters"]["regularization"]
        assert len((tmp_path / "trials.jsonl").read_bytes().splitlines()) == 4

    @pytest.mark.parametrize(
        "words",
        [
            ("--train", "f.txt", "--origins", 2),
            ("--train", "f.txt", "--before", "2024-01-01"),
            ("--origin", "2024-01-01", "--origins", 2),
            ("--journal", "j.jsonl"),
            ("--trials", 0),
            ("--before", "yesterday"),
        ],
    )
    def test_flags_that_do_not_go_together_are_usage(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, words: tuple[object, ...]
    ) -> None:
        assert run(capsys, "tune", "-w", workspace, *words)[0] == 2

    @pytest.mark.parametrize("words", [("--model", "../x"), ("--metric", "ndgc")])
    def test_names_that_are_none_are_refused_before_anything_is_written(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, words: tuple[object, ...]
    ) -> None:
        status, _, err = run(capsys, "tune", "-w", workspace, *words)
        assert status == 1
        assert "Traceback" not in err
        assert not list((workspace / "tuning").glob("*"))

    def test_damaged_settings_are_refused_and_can_be_left_aside(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        (workspace / "tuning").mkdir()
        (workspace / "tuning" / "popularity.json").write_text("{")
        train = ("train", "-w", workspace, "--model", "popularity")
        assert refused(capsys, *train)["code"] == "recsys.journal-refused"
        assert answered(capsys, *train, "--untuned")["tuned"] is None


class TestModels:
    def test_back_to_the_one_before_and_the_rest_removed(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        first = answered(capsys, "models", "list", "-w", workspace)["models"][0]["model_id"]
        second = answered(capsys, "train", "-w", workspace, "--model", "popularity")["model_id"]
        moved = answered(capsys, "models", "use", "--previous", "-w", workspace)
        assert moved == {"current": first, "previous": second}
        assert refused(capsys, "models", "remove", first, "-w", workspace)["code"]
        assert answered(capsys, "models", "use", second, "-w", workspace)["current"] == second
        third = answered(capsys, "train", "-w", workspace, "--model", "personal")["model_id"]
        gone = answered(capsys, "models", "remove", first, "-w", workspace)
        assert gone == {"removed": [first]}
        assert answered(capsys, "models", "remove", "--keep", 1, "-w", workspace) == {
            "removed": [second]
        }
        left = answered(capsys, "models", "list", "-w", workspace)["models"]
        assert [one["model_id"] for one in left] == [third]

    def test_people_see_which_is_in_use_and_which_is_refused(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        first = answered(capsys, "models", "list", "-w", workspace)["models"][0]["model_id"]
        answered(capsys, "train", "-w", workspace, "--model", "popularity")
        names = workspace / "models" / first / "names.json"
        names.write_bytes(names.read_bytes()[:-1])
        status, out, _ = run(capsys, "models", "list", "-w", workspace)
        assert status == 0
        assert "altered" in out
        assert "current" in out
        error = refused(capsys, "models", "use", "--previous", "-w", workspace)
        assert error["code"] == "recsys.model-refused"
        assert refused(capsys, "models", "remove", "nothing", "-w", workspace)["do"]

    @pytest.mark.parametrize(
        "words", [("use",), ("use", "x", "--previous"), ("remove",), ("remove", "x", "--keep", 1)]
    )
    def test_too_little_or_too_much_is_usage(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, words: tuple[object, ...]
    ) -> None:
        assert run(capsys, "models", *words, "-w", workspace)[0] == 2
