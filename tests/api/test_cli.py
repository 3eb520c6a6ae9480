"""The commands as a user runs them: what they print, what they leave, how they fail."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from api.cli import app, console, main
from api.cli.demo import sample_files
from api.cli.plan_files import ON_STDOUT
from data.tables import ORDERS
from data.workspace import Workspace


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the program, run in this process."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def answered(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """The JSON that a command prints."""
    status, out, err = run(capsys, *words, "--json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """The error that a command prints as JSON, once stderr tells a person the same."""
    status, out, err = run(capsys, *words, "--json")
    assert status == 1
    error: dict[str, Any] = json.loads(out)["error"]
    assert error["what"] in err.replace("\n", " ")
    assert error["do"]
    assert "Traceback" not in err
    return error


def program(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    return subprocess.run(
        [Path(sys.executable).with_name("atelier"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def an_order_line(workspace: Path) -> pd.Series[Any]:
    orders = Workspace.open(workspace).read(ORDERS)
    return orders[orders["customer_id"].notna()].iloc[0]


class TestTheLoop:
    def test_train_says_what_it_learned(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        learned = answered(capsys, "train", "-w", workspace, "--model", "popularity")
        assert learned["model"] == "popularity"
        assert learned["customers"] > 0
        assert (workspace / "models" / learned["model_id"] / "manifest.json").is_file()

    def test_recommend_names_each_customer(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        customer = an_order_line(workspace)["customer_id"]
        found = answered(capsys, "recommend", customer, "nobody", "-k", 3, "-w", workspace)
        assert [one["customer_id"] for one in found["lists"]] == [customer, "nobody"]
        assert [one["fallback"] for one in found["lists"]] == [None, "popular"]
        assert all(len(one["recommendations"]) == 3 for one in found["lists"])

    def test_recommend_on_a_past_day_knows_nothing_later(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        customer = an_order_line(workspace)["customer_id"]
        day = "2024-06-03"
        found = answered(capsys, "recommend", customer, "-w", workspace, "--as-of", day)
        assert found["model_id"] is None
        assert found["lists"][0]["as_of"].startswith(day)

    def test_recommend_for_a_basket_and_beside_a_variant(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        variant = an_order_line(workspace)["variant_id"]
        for flag in ("--basket", "--similar"):
            found = answered(capsys, "recommend", flag, variant, "-k", 2, "-w", workspace)
            ids = [one["variant_id"] for one in found["lists"][0]["recommendations"]]
            assert len(ids) == 2
            assert variant not in ids

    def test_recommend_keeps_the_rules_of_flags_and_of_a_file(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        customer, words = an_order_line(workspace)["customer_id"], ("-k", 50, "-w", workspace)

        def shown(*more: object) -> list[dict[str, Any]]:
            found = answered(capsys, "recommend", customer, *words, *more)["lists"][0]
            listed: list[dict[str, Any]] = found["recommendations"]
            return listed

        styles = [one["style_id"] for one in shown()]
        assert len(styles) == len(set(styles))
        assert len(shown("--collapse", "none")) > len(shown("--per-style", 2)) > len(styles)
        file = tmp_path / "rules.json"
        file.write_text(
            json.dumps({"attributes": {"size": ["M"]}, "max_price": 60, "in_stock": True})
        )
        flags = ("--attribute", "size=M", "--max-price", 60, "--in-stock")
        assert shown("--rules", file) == shown(*flags)
        cold = answered(capsys, "recommend", "nobody", *words, "--region", "England")["lists"][0]
        assert cold["fallback"] == "popular_in_region"

    def test_recommend_a_styles_variants(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        line = an_order_line(workspace)
        words = ("recommend", line["customer_id"], "nobody", "-w", workspace)
        first = answered(capsys, *words, "-k", 1)["lists"][0]["recommendations"][0]
        for more in ((), ("--as-of", "2024-10-07")):
            style = ("--style", first["style_id"], *more)
            found = answered(capsys, *words, *style)["lists"]
            assert [one["fallback"] for one in found] == [None, "popular"]
            for one in found:
                assert {line["style_id"] for line in one["recommendations"]} == {first["style_id"]}
        assert refused(capsys, *words, "--style", "none")["code"] == "recsys.unknown-style"

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            ("{", "line 1"),
            ('{"colour": 1}', "colour"),
            ('{"max_price": NaN}', ""),
            ('{"boosts": [{"amount": 1}]}', "boosts"),
            ('{"allow": ["no-such"]}', "allow.0"),
            ("[]", ""),
        ],
    )
    def test_a_rules_file_at_fault_is_told(
        self,
        capsys: pytest.CaptureFixture[str],
        workspace: Path,
        tmp_path: Path,
        content: str,
        place: str,
    ) -> None:
        file = tmp_path / "rules.json"
        file.write_text(content)
        error = refused(capsys, "recommend", "c", "-w", workspace, "--rules", file)
        assert place in error["where"]

    def test_rules_that_no_list_can_keep_are_a_usage_error(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        for words in (
            ("--collapse", "both"),
            ("--per-style", 0),
            ("--attribute", "size"),
            ("--rules", "x.json", "--in-stock"),
        ):
            assert run(capsys, "recommend", "c", "-w", workspace, *words)[0] == 2
        assert run(capsys, "recommend", "--basket", "v", "--style", "s", "-w", workspace)[0] == 2

    def test_an_empty_list_says_why(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        status, out, _ = run(capsys, "recommend", "nobody", "--max-price", 0, "-w", workspace)
        assert status == 0
        assert "'max_price' left none" in out

    def test_forecast_prints_and_writes_the_same(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "forecast.parquet"
        words = ("forecast", "-w", workspace, "--horizon", 2, "--method", "mean_8_weeks")
        found = answered(capsys, *words, "--out", out)
        written = pd.read_parquet(out)
        assert found["horizon"] == 2
        assert written["variant_id"].tolist() == [one["variant_id"] for one in found["variants"]]
        assert (written["q05"] <= written["q95"]).all()

    def test_plan_then_report(self, capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
        plan = answered(capsys, "plan", "-w", workspace, "--capacity", "units=30")
        assert sum(line["quantity"] for line in plan["lines"]) <= 30
        report = answered(capsys, "report", "-w", workspace)
        assert report["report"]["plan_id"] == plan["plan_id"]
        assert [Path(name).suffix for name in report["files"]] == [
            ".html",
            ".xlsx",
            ".csv",
            ".json",
        ]
        assert all(Path(name).stat().st_size > 0 for name in report["files"])

    def test_people_get_tables(self, capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
        status, out, _ = run(capsys, "report", "-w", workspace)
        assert status == 0
        assert ".html" in out
        customer = an_order_line(workspace)["customer_id"]
        status, out, _ = run(capsys, "recommend", customer, "-k", 2, "-w", workspace)
        assert status == 0
        assert "because" in out

    def test_doctor_finds_nothing_wrong_and_then_what_is(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        checks = answered(capsys, "doctor", "-w", workspace)["checks"]
        absent = [check["name"] for check in checks if check["state"] == "absent"]
        assert absent == ["products", "learned choices", "field key", "retention"]
        assert {check["state"] for check in checks} == {"ok", "absent"}
        for manifest in (workspace / "models").glob("*/manifest.json"):
            manifest.write_text("{}")
        status, out, _ = run(capsys, "doctor", "-w", workspace, "--json")
        assert status == 1
        wrong = [check for check in json.loads(out)["checks"] if check["state"] == "wrong"]
        assert [check["name"] for check in wrong] == ["model"]
        assert wrong[0]["do"]

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE alembic_version SET version_num = 'r0001'", "older than this program"),
            ("UPDATE alembic_version SET version_num = 'r9999'", "of version 'r9999'"),
            ("UPDATE ledger_audit_head SET count = 1", "The audit is broken"),
            (
                "INSERT INTO ledger_capacity VALUES ('saw', '2026-03-02', 5, 4, 1, 0)",
                "not what its orders add up to",
            ),
        ],
    )
    def test_doctor_looks_into_the_store(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, statement: str, said: str
    ) -> None:
        from data.store import open_store

        Workspace.create(tmp_path / "shop")
        open_store(f"sqlite:///{tmp_path / 'shop' / 'atelier.db'}").close()
        with closing(sqlite3.connect(tmp_path / "shop" / "atelier.db")) as connection:
            connection.execute(statement)
            connection.commit()
        status, out, _ = run(capsys, "doctor", "-w", tmp_path / "shop", "--json")
        assert status == 1
        [store] = [check for check in json.loads(out)["checks"] if check["name"] == "store"]
        assert store["state"] == "wrong"
        assert said in store["found"]
        assert store["do"]


class TestEvaluate:
    def test_recommend_writes_figures_and_lists(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        figures, lists = tmp_path / "out.json", tmp_path / "out.parquet"
        status, out, err = run(
            capsys, "evaluate", "recommend", "-w", workspace,
            "--origin", "2024-08-05", "--origin", "2024-09-02", "--test-days", 14, "-k", 5,
            "--models", "popularity,personal", "--json", figures, "--predictions", lists,
        )  # fmt: skip
        assert status == 0, err
        assert "popularity" in out
        found = json.loads(figures.read_text())
        assert found["k"] == 5
        assert {row["model"] for row in found["models"]} == {"popularity", "personal"}
        assert {row["origin"] for row in found["models"]} == {"2024-08-05", "2024-09-02"}
        slices = {row["slice"] for row in found["models"]}
        assert slices == {"all", "repeat", "new", "unknown", "regionless"}
        columns = ["model", "origin", "customer_id", "variant_id", "rank", "score"]
        assert pd.read_parquet(lists).columns.tolist() == columns

    def test_recommend_prints_what_the_reference_and_the_groups_say(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        status, out, err = run(
            capsys, "evaluate", "recommend", "-w", workspace, "--origin", "2024-09-02",
            "--models", "popularity,personal", "--reference", "popularity", "--groups",
        )  # fmt: skip
        assert status == 0, err
        versus = out.split("NDCG less the reference's", maxsplit=1)[1].split("Beyond accuracy")[0]
        compared = [line.split()[:3] for line in versus.splitlines()]
        assert ["personal", "all", "popularity"] in compared
        assert "NDCG of 'popularity' by group" in out
        assert "NDCG of 'personal' by group" in out
        assert any(line.split()[:2] == ["activity", "10-49"] for line in out.splitlines())

    def test_recommend_on_files(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        (tmp_path / "train.txt").write_text("0 1 2 3\n1 2 3\n2 1 3\n")
        (tmp_path / "test.txt").write_text("0 4\n1 1\n2 2\n")
        status, _, err = run(
            capsys, "evaluate", "recommend", "--train", tmp_path / "train.txt",
            "--test", tmp_path / "test.txt", "-k", 2, "--models", "popularity",
            "--json", tmp_path / "out.json",
        )  # fmt: skip
        assert status == 0, err
        row = json.loads((tmp_path / "out.json").read_text())["models"][0]
        assert row["origin"] is None
        assert row["customers"] == 3

    def test_demand_writes_figures_and_predictions(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        figures, rows = tmp_path / "out.json", tmp_path / "out.parquet"
        status, out, err = run(
            capsys, "evaluate", "demand", "-w", workspace, "--horizon", 2, "--origins", 2,
            "--step", 2, "--methods", "mean_8_weeks,last_4_weeks",
            "--json", figures, "--predictions", rows,
        )  # fmt: skip
        assert status == 0, err
        assert "mean_8_weeks" in out
        assert json.loads(figures.read_text())["horizon"] == 2
        assert pd.read_parquet(rows).columns.tolist() == [
            "method", "origin", "variant_id", "mean",
            "q05", "q10", "q25", "q50", "q75", "q90", "q95", "actual",
        ]  # fmt: skip

    def test_plan_writes_what_every_policy_came_to(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        figures = tmp_path / "out.json"
        status, out, err = run(
            capsys, "evaluate", "plan", "-w", workspace, "--origins", 1, "--json", figures,
            "--ratio", 3, "--free-use", 0.7,
        )  # fmt: skip
        assert status == 0, err
        told = json.loads(figures.read_text())
        every = {"atelier", "newsvendor", "sample_average", "planner", "hindsight"}
        assert {row["policy"] for row in told["policies"]} == every
        assert {row["policy"] for row in told["comparisons"]} == every
        assert told["capacity"] == "70% of what the plan would use were nothing limited"
        assert "prescriptiveness" in out

    def test_plan_takes_some_policies_and_no_limit(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        figures = tmp_path / "out.json"
        status, _, err = run(
            capsys, "evaluate", "plan", "-w", workspace, "--origins", 1, "--json", figures,
            "--policies", "hindsight,sample_average", "--unlimited",
        )  # fmt: skip
        assert status == 0, err
        told = json.loads(figures.read_text())
        assert [row["policy"] for row in told["comparisons"]] == ["sample_average", "hindsight"]
        assert told["difference"] == {}
        status, _, err = run(
            capsys, "evaluate", "plan", "-w", workspace, "--unlimited", "--free-use", 0.7
        )
        assert status == 2
        assert "--free-use" in err
        status, _, err = run(capsys, "evaluate", "plan", "-w", workspace, "--policies", "newsvendr")
        assert status != 0
        assert "newsvendor" in err

    @pytest.mark.parametrize("what", ["recommend", "demand", "plan"])
    def test_its_tables_fit_a_terminal_of_80_columns(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        workspace: Path,
        what: str,
    ) -> None:
        monkeypatch.setattr(console, "PIPED_WIDTH", 80)
        more = ["--origin", "2024-09-02"] if what == "recommend" else ["--origins", 1]
        status, out, err = run(capsys, "evaluate", what, "-w", workspace, *more)
        assert status == 0, err
        rules = [line for line in out.splitlines() if line.startswith("─")]
        assert rules
        assert max(map(len, rules)) <= 80
        assert "…" not in out
        assert any(line.startswith("atelier") and "0." in line for line in out.splitlines())

    def test_all_writes_the_three(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        figures = tmp_path / "out.json"
        words = ("evaluate", "all", "-w", workspace, "--origins", 1, "--json", figures)
        status, _, err = run(capsys, *words)
        assert status == 0, err
        assert list(json.loads(figures.read_text())) == ["recommend", "demand", "plan"]
        stages = [line.removeprefix("· ") for line in err.splitlines()]
        assert any(stage.startswith("Evaluating atelier at ") for stage in stages)
        assert {"Learning preferences", "Evaluating forecasts", "Evaluating plans"} <= set(stages)
        assert all(stage[0].isupper() for stage in stages)

    def test_a_failure_leaves_no_file(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        out.mkdir()
        status, _, err = run(
            capsys, "evaluate", "recommend", "-w", workspace, "--origin", "1999-01-01",
            "--json", out / "figures.json", "--predictions", out / "lists.parquet",
        )  # fmt: skip
        assert status == 1
        assert "1999-01-01" in err
        assert list(out.iterdir()) == []

    def test_a_folder_that_is_missing_is_told_at_once(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
    ) -> None:
        status, _, err = run(
            capsys, "evaluate", "recommend", "-w", workspace, "--json", tmp_path / "no" / "x.json"
        )
        assert status == 1
        assert str(tmp_path / "no") in err


class TestFaults:
    @pytest.mark.parametrize(
        "words",
        [
            ["train"], ["recommend", "c"], ["forecast"], ["plan"], ["report"], ["doctor"],
        ],
        ids=" ".join,
    )  # fmt: skip
    def test_a_folder_that_is_no_workspace(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
    ) -> None:
        error = refused(capsys, *words, "-w", tmp_path)
        assert error["code"] == "data.workspace"
        assert error["where"] == str(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("command", ["train", "forecast", "plan"])
    def test_a_day_outside_the_data(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, command: str
    ) -> None:
        error = refused(capsys, command, "-w", workspace, "--as-of", "1999-01-04")
        assert error["code"] == "data.outside"

    def test_a_variant_nobody_knows(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        error = refused(capsys, "recommend", "--similar", "no-such", "-w", workspace)
        assert error["code"] == "recsys.unknown-variant"
        assert "no-such" in error["what"]

    def test_a_model_nobody_knows(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        error = refused(capsys, "train", "--model", "atelir", "-w", workspace)
        assert "'atelier'" in error["do"]

    def test_a_negative_capacity(self, capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
        for capacity in ("sewing=-1", "units=-1", "sewin=1"):
            status, out, err = run(
                capsys, "plan", "-w", workspace, "--capacity", capacity, "--json"
            )
            assert status == 1
            error = json.loads(out)["error"]
            assert error["code"] == "production.bad-resources"
            assert capacity.split("=", maxsplit=1)[0] in error["what"] + error["where"]
            assert err.startswith("Error: "), "refused before the forecast"

    def test_a_plan_nobody_made(self, capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
        error = refused(capsys, "report", "-w", workspace, "--plan", "x")
        assert error["code"] == "production.unknown-plan"
        assert (workspace / "plans" / "latest").read_text().strip() in error["do"]

    def test_a_level_that_no_report_has_is_refused_in_every_form(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        for form in ("html", "xlsx", "csv", "json"):
            asked = ("report", "-w", workspace, "--level", "moon", "--format", form)
            assert refused(capsys, *asked)["code"] == "production.unknown-level"
        assert not list((workspace / "reports").iterdir())

    def test_a_report_reads_demand_as_the_workspace_says(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        asked = ("report", "-w", workspace, "--format", "json")
        restored = answered(capsys, *asked)["report"]["gap_over_time"]
        (workspace / "atelier.toml").write_text('[demand]\nrestore = "none"\n')
        sold = answered(capsys, *asked)["report"]["gap_over_time"]
        assert [one["demand"] for one in restored] != [one["demand"] for one in sold]

    def test_nothing_trained_or_planned_yet(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        Workspace.create(tmp_path / "empty")
        for words in (["recommend", "c"], ["report"]):
            error = refused(capsys, *words, "-w", tmp_path / "empty")
            assert error["code"] == "api.not-ready"
            assert "atelier" in error["do"]

    def test_a_misspelt_setting(self, capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
        (workspace / "atelier.toml").write_text("horizn = 4\n")
        error = refused(capsys, "plan", "-w", workspace)
        assert error["code"] == "api.settings"
        assert "horizon" in error["do"]

    def test_an_open_address_needs_to_be_said(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        status, _, err = run(capsys, "serve", "-w", workspace, "--host", "0.0.0.0")  # noqa: S104
        assert status == 1
        assert "--allow-open" in err

    @pytest.mark.parametrize(
        "words",
        [
            ["plan", "--capacity", "sewing"],
            ["plan", "--capacity", "sewing=nan"],
            ["plan", "--capacity", "=3"],
            ["plan", "--capacity", "a=1", "--capacity", "a=2"],
            ["plan", "--horizon", "0"],
            ["train", "--as-of", "tomorrow"],
            ["train", "--as-of", "2025-13-01"],
            ["evaluate", "recommend", "--origin", "2025-02-30"],
            ["recommend"],
            ["recommend", ""],
            ["recommend", "--basket", " "],
            ["recommend", "c", "--similar", "v"],
            ["evaluate", "recommend", "--train", "x.csv"],
            ["evaluate", "recommend", "--train", "x.csv", "--test", "y.csv", "--test-days", "28"],
            ["evaluate", "recommend", "--train", "x.csv", "--test", "y.csv", "--groups", "-k", "0"],
            ["simulate", "--out", "x", "--sample", "--weeks", "9"],
            ["no-such-command"],
            ["train", "--no-such-flag"],
        ],
        ids=" ".join,
    )
    def test_usage_is_exit_2(self, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
        status, _, err = run(capsys, *words)
        assert status == 2
        assert "Usage" in err
        assert "Value error" not in err


class TestImport:
    @pytest.fixture
    def orders(self, tmp_path: Path) -> Path:
        (tmp_path / "map.toml").write_text(
            'format = 1\nabout = "test"\n[[sources]]\n[sources.tables.orders.columns]\n'
            'order_id = "Receipt"\ncustomer_id = "Client"\nvariant_id = "Article"\n'
            'quantity = "Pieces"\nunit_price = "Price"\nordered_at = "Day"\n'
        )
        path = tmp_path / "orders.csv"
        path.write_text("Receipt,Client,Article,Pieces,Price,Day\n1,c1,v1,2,9.5,2025-01-06\n")
        return path

    def test_good_rows_come_in_and_again_changes_nothing(
        self, capsys: pytest.CaptureFixture[str], orders: Path, tmp_path: Path
    ) -> None:
        words = ("import", orders, "-m", tmp_path / "map.toml", "-w", tmp_path / "shop")
        first = answered(capsys, *words)
        assert (first["read"], first["kept"]) == (1, 1)
        assert answered(capsys, *words)["already"] is True

    def test_a_misspelt_column_is_told_with_the_right_one_and_nothing_is_left(
        self, capsys: pytest.CaptureFixture[str], orders: Path, tmp_path: Path
    ) -> None:
        orders.write_text(orders.read_text().replace("Pieces", "Peices"))
        shop = tmp_path / "shop"
        error = refused(capsys, "import", orders, "-m", tmp_path / "map.toml", "-w", shop)
        assert "Pieces" in json.dumps(error)
        assert not shop.exists()

    def test_text_where_a_number_belongs_is_told_with_its_line(
        self, capsys: pytest.CaptureFixture[str], orders: Path, tmp_path: Path
    ) -> None:
        orders.write_text(orders.read_text() + "2,c1,v1,two,9.5,2025-01-07\n")
        words = ("import", orders, "-m", tmp_path / "map.toml", "-w", tmp_path / "shop")
        finding = refused(capsys, *words)["findings"][0]
        assert (finding["line"], finding["column"], finding["value"]) == (3, "Pieces", "two")
        report = answered(capsys, *words, "--quarantine")
        assert (report["read"], report["kept"]) == (2, 1)
        assert Path(report["quarantine"]).is_file()

    def test_a_mapping_nobody_ships_and_a_file_that_is_not_there(
        self, capsys: pytest.CaptureFixture[str], orders: Path, tmp_path: Path
    ) -> None:
        shop = tmp_path / "shop"
        assert refused(capsys, "import", orders, "-m", "online_retial_ii", "-w", shop)["do"]
        missing = tmp_path / "none.csv"
        words = ("import", missing, "-m", tmp_path / "map.toml", "-w", shop)
        assert str(missing.name) in json.dumps(refused(capsys, *words))
        assert not shop.exists()


class TestProcess:
    def test_a_fault_is_exit_1_without_a_traceback(self, tmp_path: Path) -> None:
        done = program("train", "--workspace", tmp_path)
        assert done.returncode == 1
        assert done.stdout == ""
        assert str(tmp_path) in done.stderr
        assert "Traceback" not in done.stderr

    def test_simulate_writes_what_import_reads(self, tmp_path: Path) -> None:
        raw, shop = tmp_path / "raw", tmp_path / "shop"
        sizes = ("--customers", 20, "--styles", 3, "--weeks", 8, "--seed", 4)
        done = program("simulate", "--out", raw, *sizes, "--json")
        assert done.returncode == 0, done.stderr
        assert "sales.csv.gz" in json.loads(done.stdout)["files"]
        done = program("import", *sorted(raw.glob("*.csv*")), "-m", "sample", "-w", shop, "--json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["read"] == report["kept"] + sum(report["set_aside"].values())

    def test_simulate_leaves_a_folder_that_holds_something_alone(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        before = sorted(workspace.iterdir())
        assert refused(capsys, "simulate", "--out", workspace)["where"] == str(workspace)
        assert sorted(workspace.iterdir()) == before

    def test_an_interrupt_is_quiet(self, tmp_path: Path) -> None:
        command = [str(Path(sys.executable).with_name("atelier")), "simulate"]
        sizes = ["--out", str(tmp_path / "raw"), "--customers", "200000", "--styles", "5000"]
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job's is ignored
        with subprocess.Popen([*command, *sizes], stderr=subprocess.PIPE, text=True) as process:
            signal.signal(signal.SIGINT, handler)
            assert process.stderr is not None
            assert process.stderr.readline()  # the work has begun
            process.send_signal(signal.SIGINT)
            error = process.stderr.read()
        assert process.returncode == 130
        assert "Traceback" not in error


def test_a_hint_can_be_typed_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / ".venv" / "bin" / "atelier"
    installed.parent.mkdir(parents=True)
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(installed)])
    monkeypatch.setenv("PATH", os.defpath)
    assert console.program() == str(Path(".venv/bin/atelier"))
    monkeypatch.setenv("PATH", str(installed.parent))
    assert console.program() == "atelier"


def test_the_demo_finds_the_sample() -> None:
    names = {path.name for path in sample_files()}
    assert {"sales.csv.gz", "catalogue.csv", "capacity.csv"} <= names


@pytest.mark.parametrize("words", [["--no-weekly"], ["--no-overtime"], ["--weekly"], []])
def test_a_lone_json_of_a_plan_is_stdout_after_any_flag(words: list[str]) -> None:
    group = typer.main.get_command(app).commands["plan"]  # type: ignore[attr-defined]  # a group
    context = group.make_context("plan", [*words, "--json", "--workspace", "X"])
    assert str(context.params["json"]) == str(ON_STDOUT)
    assert str(context.params["workspace"]) == "X"


def test_the_demo_leaves_a_workspace_of_other_files_alone(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Workspace.open(workspace).digest()
    kept = workspace / "tables" / "imports.json"
    kept.write_text(json.dumps([{"sha256": "0", "mapping": "of my shop", "tables": {}}]))
    status, _, err = run(capsys, "demo", "--workspace", workspace)
    assert status == 1
    assert "other files than the sample" in err.replace("\n", " ")
    assert Workspace.open(workspace).digest() == before


@pytest.mark.slow
def test_the_demo_runs_and_runs_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = program("demo", "--workspace", tmp_path / "workspace")
        assert done.returncode == 0, done.stderr
        assert "information gap" in done.stdout
        assert ".html" in done.stdout
        assert "atelier serve" in done.stdout
    assert "already there" in done.stdout
