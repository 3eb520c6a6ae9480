"""Demand by variant: over HTTP and on the command line, of one saved forecast."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from api.demand import forecast_and_save, kept_or_made, latest_saved
from api.service.app import create_app
from api.service.engine import open_engine
from api.settings import load_settings
from api.work import plan_and_save
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand import forecasting
from production.demand.forecast import PARTS
from production.demand.saved import load_forecast
from tests.api.client import Client
from tests.api.test_cli import run


@pytest.fixture(scope="module")
def forecast_market(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The market with a saved forecast; not to be changed."""
    root = Path(shutil.copytree(market, tmp_path_factory.mktemp("forecast") / "workspace"))
    shutil.rmtree(root / "forecasts", ignore_errors=True)
    forecast_and_save(Workspace.open(root), load_settings(root))
    return root


def test_tables_swapped_during_a_forecast_count_as_newer(market: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(market, tmp_path / "workspace"))
    workspace, settings = Workspace.open(root), load_settings(root)
    swapped = False

    def swaps(stage: str, done: int, total: int) -> None:  # as Progress has it
        nonlocal swapped
        if not swapped:  # told first once the tables are read
            swapped = True
            workspace.write({"orders": workspace.read(ORDERS).iloc[:-1]})

    made = forecast_and_save(workspace, settings, progress=swaps)
    assert swapped
    assert kept_or_made(workspace, settings).forecast_id != made.forecast_id


@pytest.fixture
def service(forecast_market: Path) -> Iterator[Client]:
    with open_engine(forecast_market, load_settings(forecast_market)) as engine:
        yield Client(create_app(engine))


def largest(service: Client) -> str:
    return str(service.get("/v1/demand?limit=1").json()["variants"][0]["variant_id"])


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    assert found["code"] == code
    assert found["do"]
    return found


class TestService:
    def test_a_variants_parts_sum_to_its_mean_and_say_why(self, service: Client) -> None:
        told = service.get(f"/v1/demand/{largest(service)}").json()
        assert told["parts"][0]["part"] == "level"
        assert sorted(one["part"] for one in told["parts"]) == sorted(PARTS)
        total = sum(one["units"] for one in told["parts"])
        assert total == pytest.approx(told["mean"], rel=1e-9)
        assert sum(one["mean"] for one in told["periods"]) == pytest.approx(told["mean"])
        assert all(one["text"] for one in told["parts"])
        quantiles = list(told["quantiles"].values())
        assert quantiles == sorted(quantiles)
        assert len(told["past"]) == 26
        assert told["past"][-1]["start"] < told["origin"] == told["periods"][0]["start"]
        assert told["learned"]

    def test_the_past_is_what_was_sold_and_as_long_as_asked(
        self, service: Client, forecast_market: Path
    ) -> None:
        variant = largest(service)
        told = service.get(f"/v1/demand/{variant}", params={"past": 3}).json()
        assert len(told["past"]) == 3
        saved = latest_saved(Workspace.open(forecast_market))
        assert [one["units"] for one in told["past"]] == saved.past[
            saved.place(variant), -3:
        ].tolist()
        assert service.get(f"/v1/demand/{variant}?past=0").json()["past"] == []

    def test_pages_hold_every_variant_once_the_largest_first(self, service: Client) -> None:
        rows: list[dict[str, Any]] = []
        while True:
            page = service.get("/v1/demand", params={"limit": 7, "offset": len(rows)}).json()
            if not page["variants"]:
                break
            rows += page["variants"]
        assert len({row["variant_id"] for row in rows}) == len(rows) == page["total"]
        means = [row["mean"] for row in rows]
        assert means == sorted(means, reverse=True)

    def test_an_unknown_variant_is_a_404_that_names_the_nearest(self, service: Client) -> None:
        variant = largest(service)
        found = problem(service.get(f"/v1/demand/{variant}x"), 404, "production.not-forecast")
        assert f"'{variant}'" in found["do"]

    @pytest.mark.parametrize(
        "query", ["past=-1", "past=729", "past=x", "past=1&past=2", "limit=1", "nan=1"]
    )
    def test_a_query_out_of_bounds_is_refused(self, service: Client, query: str) -> None:
        problem(service.get(f"/v1/demand/{largest(service)}?{query}"), 422, "api.invalid")

    @pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=true"])
    def test_a_page_out_of_bounds_is_refused(self, service: Client, query: str) -> None:
        problem(service.get(f"/v1/demand?{query}"), 422, "api.invalid")

    @pytest.mark.usefixtures("unforecast")
    def test_without_a_forecast_it_says_how_to_make_one(self, client: Client) -> None:
        found = problem(client.get("/v1/demand/any"), 503, "api.not-ready")
        assert "atelier forecast" in found["do"]
        problem(client.get("/v1/demand"), 503, "api.not-ready")

    def test_a_request_learns_nothing_and_a_new_forecast_is_taken_up(
        self, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = load_settings(workspace)
        opened = Workspace.open(workspace)
        first = forecast_and_save(opened, settings, method="mean_8_weeks")
        with open_engine(workspace, settings) as engine:
            client = Client(create_app(engine))
            assert client.get("/v1/demand").json()["forecast_id"] == first.forecast_id
            second = forecast_and_save(opened, settings, method="last_4_weeks")
            monkeypatch.setattr(forecasting, "make_forecaster", None)
            told = client.get("/v1/demand").json()
            assert told["forecast_id"] == second.forecast_id
            assert told["method"] == "last_4_weeks"

    def test_an_altered_forecast_is_refused(self, workspace: Path) -> None:
        settings = load_settings(workspace)
        saved = forecast_and_save(Workspace.open(workspace), settings, method="mean_8_weeks")
        file = workspace / "forecasts" / saved.forecast_id / "past.parquet"
        file.write_bytes(file.read_bytes()[:-1])
        with open_engine(workspace, settings) as engine:
            answer = Client(create_app(engine)).get("/v1/demand")
        problem(answer, 503, "production.forecast-refused")


class TestCommand:
    def test_a_variant_is_told_as_the_service_tells_it(
        self, forecast_market: Path, service: Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        variant = largest(service)
        words = ("forecast", "-w", forecast_market, "--variant", variant)
        code, out, _ = run(capsys, *words, "--json")
        assert code == 0
        assert json.loads(out) == service.get(f"/v1/demand/{variant}").json()
        code, out, _ = run(capsys, *words)
        assert code == 0
        for word in ("past 26 weeks", "By week", "What drives it", "level", "add up to"):
            assert word in out

    def test_a_second_look_reads_what_is_kept(self, forecast_market: Path) -> None:
        opened, settings = Workspace.open(forecast_market), load_settings(forecast_market)
        kept = latest_saved(opened).forecast_id
        stages: list[str] = []
        again = kept_or_made(
            opened, settings, progress=lambda stage, done, total: stages.append(stage)
        )
        assert again.forecast_id == kept
        assert stages == []

    def test_changed_data_or_another_question_is_forecast_anew(self, workspace: Path) -> None:
        opened, settings = Workspace.open(workspace), load_settings(workspace)
        first = kept_or_made(opened, settings, method="mean_8_weeks")
        other = kept_or_made(opened, load_settings(workspace, horizon=2), method="mean_8_weeks")
        assert (first.horizon, other.horizon) == (4, 2)
        orders = opened.read(ORDERS)
        more = orders.assign(quantity=orders["quantity"].where(orders["quantity"] < 0, 7))
        opened.write({"orders": more})
        anew = kept_or_made(opened, settings, method="mean_8_weeks")
        assert anew.forecast.mean.sum() > first.forecast.mean.sum()

    def test_an_unknown_variant_exits_1(
        self, forecast_market: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, err = run(
            capsys, "forecast", "-w", forecast_market, "--variant", "nobody", "--json"
        )
        assert code == 1
        assert json.loads(out)["error"]["code"] == "production.not-forecast"
        assert "nobody" in err

    def test_all_variants_come_with_their_parts(
        self, workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out_file = tmp_path / "all.parquet"
        code, out, _ = run(capsys, "forecast", "-w", workspace, "--json", "--out", out_file)
        assert code == 0
        rows = pd.DataFrame(json.loads(out)["variants"])
        parts = rows[[f"part_{part}" for part in PARTS]].sum(axis=1)
        assert parts.to_numpy() == pytest.approx(rows["mean"].to_numpy(), rel=1e-9)
        pd.testing.assert_frame_equal(pd.read_parquet(out_file), rows, check_dtype=False)


def test_a_plan_keeps_the_forecast_that_it_was_made_from(workspace: Path) -> None:
    opened, settings = Workspace.open(workspace), load_settings(workspace)
    plan = plan_and_save(opened, settings, method="mean_8_weeks")
    saved = load_forecast(opened, plan.forecast_id)
    assert saved.forecast.method == "mean_8_weeks"
    assert saved.forecast.mean.sum() == pytest.approx(plan.lines["mean"].sum())
    assert latest_saved(opened).forecast_id == plan.forecast_id
