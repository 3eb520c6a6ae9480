from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData, WorkspaceError
from data.workspace import Workspace
from recsys import registry
from recsys.errors import BadRequest, TooFewInteractions, UnknownModel
from recsys.evaluation import evaluate as evaluation
from recsys.evaluation.evaluate import evaluate_files, evaluate_workspace
from recsys.evaluation.evaluation import Evaluation
from recsys.evaluation.rows import PREDICTION_COLUMNS
from recsys.model import Model
from recsys.tuning.chosen import Tuned, keep
from tests.paths import SHARED

ORIGIN = date(2024, 4, 1)
SINGLES = ["popularity", "personal"]
GOWALLA = SHARED / "lightgcn_gowalla"


def make_orders(customers: int = 60, variants: int = 40, lines: int = 3_000) -> pd.DataFrame:
    """Half a year of orders with habits, walk-ins, returns and variants that come later."""
    random = np.random.default_rng(11)
    customer = random.integers(customers, size=lines)
    habit = (customer * 7 + random.integers(6, size=lines)) % variants
    variant = np.where(random.random(lines) < 0.6, habit, random.integers(variants, size=lines))
    day = random.integers(180, size=lines)
    soonest = np.where(variant >= variants - 4, 95, 0)  # four variants start after the origin
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.maximum(day, soonest), unit="D")
    frame = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(lines)],
            "customer_id": pd.Series([f"c{n:02}" for n in customer], dtype="str"),
            "variant_id": [f"v{n:02}" for n in variant],
            "quantity": np.where(
                random.random(lines) < 0.05, -1, 1 + random.integers(5, size=lines)
            ),
            "unit_price": 1.0,
            "ordered_at": (at + pd.Timedelta(hours=9)).astype("datetime64[us]"),
        }
    )
    late = (customer >= customers - 5) & (frame["ordered_at"] < pd.Timestamp(ORIGIN))
    walk_in = random.random(lines) < 0.1
    frame.loc[late | walk_in, "customer_id"] = None
    return frame


def make_workspace(root: Path, orders: pd.DataFrame) -> Workspace:
    workspace = Workspace.create(root)
    names = sorted(orders["variant_id"].unique())
    variants = pd.DataFrame(
        {
            "variant_id": pd.Series(names, dtype="str"),
            "style_id": pd.Series(names, dtype="str"),
            "discontinued_at": pd.Series(
                pd.to_datetime(["2024-03-15"] + [""] * (len(names) - 1))
            ).astype("datetime64[us]"),
        }
    )
    workspace.write({"orders": orders, "variants": variants})
    return workspace


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return make_orders()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, orders: pd.DataFrame) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("evaluation") / "shop", orders)


@pytest.fixture(scope="module", params=[False, True], ids=["seen kept", "seen excluded"])
def evaluated(request: pytest.FixtureRequest, workspace: Workspace) -> Evaluation:
    return evaluate_workspace(
        workspace, origins=[ORIGIN], k=5, models=SINGLES, exclude_seen=request.param
    )


def by_hand(orders: pd.DataFrame, predictions: pd.DataFrame, k: int) -> dict[Any, Any]:
    """Every row of the JSON again, in plain loops, from the lists and the tables alone."""
    origin, end = pd.Timestamp(ORIGIN), pd.Timestamp(ORIGIN) + pd.Timedelta(days=28)
    bought = orders[orders["quantity"] > 0]
    before, window = (
        bought["ordered_at"] < origin,
        bought["ordered_at"].between(origin, end, "left"),
    )
    catalogue = bought.loc[before, "variant_id"].nunique() - 1  # one is discontinued
    train = bought[before].groupby("customer_id")["variant_id"].agg(set)
    test = bought[window].groupby("customer_id")["variant_id"].agg(set)
    test = test[test.index.isin(train.index)]
    rows = {}
    for model, lists in predictions.groupby("model"):
        listed = lists.sort_values("rank").groupby("customer_id")["variant_id"].agg(list)
        for name in ("all", "repeat", "new"):
            figures, shown = [], set()
            for customer, items in test.items():
                wanted = {
                    "all": items,
                    "repeat": items & train.loc[str(customer)],
                    "new": items - train.loc[str(customer)],
                }[name]
                if not wanted:
                    continue
                top = listed.get(customer, [])
                shown.update(top)
                hits = [variant in wanted for variant in top]
                gain = sum(1 / math.log2(r + 2) for r, hit in enumerate(hits) if hit)
                ideal = sum(1 / math.log2(r + 2) for r in range(min(k, len(wanted))))
                figures.append((sum(hits) / len(wanted), gain / ideal, float(any(hits))))
            recall, ndcg, hit_rate = np.mean(figures, axis=0)
            rows[model, name] = (len(figures), recall, ndcg, hit_rate, len(shown) / catalogue)
    return rows


def test_anyone_gets_the_same_figures_from_the_lists_and_the_tables(
    evaluated: Evaluation, orders: pd.DataFrame
) -> None:
    again = by_hand(orders, evaluated.predictions, evaluated.k)
    rows: Any = evaluated.to_json()["models"]
    assert {(row["model"], row["slice"]) for row in rows} == set(again)
    for row in rows:
        found = [row[key] for key in ("customers", "recall", "ndcg", "hit_rate", "coverage")]
        assert found == pytest.approx(again[row["model"], row["slice"]], abs=1e-12)


def test_the_lists_hold_real_recommendations_alone(
    evaluated: Evaluation, orders: pd.DataFrame
) -> None:
    lists = evaluated.predictions
    assert tuple(lists.columns) == PREDICTION_COLUMNS
    assert not lists.isna().any().any()
    assert set(lists["origin"]) == {"2024-04-01"}
    assert not lists.duplicated(["model", "customer_id", "variant_id"]).any()
    known = orders[orders["ordered_at"] < pd.Timestamp(ORIGIN)]
    assert set(lists["variant_id"]) <= set(known["variant_id"]) - {"v00"}
    assert set(lists["customer_id"]) <= set(known["customer_id"].dropna())
    for _, one in lists.groupby(["model", "customer_id"]):
        assert one["rank"].tolist() == list(range(1, len(one) + 1))
        assert (np.diff(one["score"]) <= 0).all()
    facts: Any = evaluated.to_json()["origins"]
    assert lists["customer_id"].nunique() == facts[0]["test_customers"]


def test_seen_variants_are_left_out_only_where_asked(workspace: Workspace) -> None:
    kept, excluded = (
        evaluate_workspace(
            workspace, origins=[ORIGIN], k=5, models=["personal"], exclude_seen=exclude
        )
        for exclude in (False, True)
    )
    repeat = [
        next(row.recall for row in each.figures if row.slice == "repeat")
        for each in (kept, excluded)
    ]
    assert repeat[0] > 0.2
    assert repeat[1] == 0.0


def test_the_json_keeps_its_contract(workspace: Workspace) -> None:
    found = evaluate_workspace(workspace, test_days=14, k=3)
    answer: Any = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert answer["k"] == 3
    assert len({row["origin"] for row in answer["models"]}) == 3
    for row in answer["models"]:
        assert {
            "model", "origin", "slice", "customers", "recall", "ndcg", "hit_rate", "coverage",
            "fit_seconds", "score_seconds",
        } <= set(row)  # fmt: skip
        assert row["ci"]["recall"][0] <= row["recall"] <= row["ci"]["recall"][1]
        assert row["ci"]["ndcg"][0] <= row["ndcg"] <= row["ci"]["ndcg"][1]
        assert ("difference" in row) == (row["model"] == "atelier")
    assert {row["model"] for row in answer["summary"]} == set(evaluation.SHORT)
    for row in answer["comparisons"]:
        assert row["ndcg"]["ci"]["difference"][0] <= row["ndcg"]["difference"]
        assert 0 < row["ndcg"]["p"] <= 1
    for row in answer["beyond"]:
        assert set(row["ci"]) < set(row)
        low, high = row["ci"]["coverage"]
        assert low - 1e-12 <= row["coverage"] <= high + 1e-12
    assert {row["by"] for row in answer["groups"]} == {"activity"}
    for origin in answer["origins"]:
        for model in evaluation.SHORT:
            shares = [row["share"] for row in answer["groups"]
                      if (row["origin"], row["model"]) == (origin["origin"], model)]  # fmt: skip
            assert sum(shares) == pytest.approx(1.0)


def test_the_default_is_compared_to_the_best_other_model(workspace: Workspace) -> None:
    found = evaluate_workspace(workspace, origins=[ORIGIN], k=5)
    rows = {row.model: row for row in found.figures if row.slice == "all"}
    best = max((row for row in rows.values() if row.model != "atelier"), key=lambda row: row.ndcg)
    difference = rows["atelier"].difference
    assert difference is not None
    assert difference.reference == best.model
    assert difference.ndcg == pytest.approx(rows["atelier"].ndcg - best.ndcg)
    assert difference.ndcg_interval.low <= difference.ndcg <= difference.ndcg_interval.high
    alone = evaluate_workspace(workspace, origins=[ORIGIN], k=5, models=["atelier"])
    assert all(row.difference is None for row in alone.figures)


def test_every_model_is_compared_to_the_reference_asked_for(workspace: Workspace) -> None:
    found = evaluate_workspace(
        workspace, origins=[ORIGIN], k=5, models=["atelier", "popularity"], reference="personal"
    )
    rows = {row.model: row for row in found.figures if row.slice == "all"}
    assert list(rows) == ["atelier", "popularity", "personal"]
    assert rows["personal"].difference is None
    for name in ("atelier", "popularity"):
        difference = rows[name].difference
        assert difference is not None
        assert difference.reference == "personal"
        pair = difference.figures["ndcg"]
        assert pair.difference == pytest.approx(rows[name].ndcg - rows["personal"].ndcg)
        assert pair.ratio == pytest.approx(rows[name].ndcg / rows["personal"].ndcg)
        assert (pair.p < 0.05) == pair.interval.excludes_zero
    comparisons: Any = found.to_json()["comparisons"]
    assert {row["reference"] for row in comparisons} == {"personal"}
    with pytest.raises(UnknownModel, match="personl"):
        evaluate_workspace(workspace, origins=[ORIGIN], reference="personl")


def test_a_summary_weighs_every_origin_the_same(workspace: Workspace) -> None:
    found = evaluate_workspace(workspace, test_days=14, k=5, models=SINGLES)
    alone = [row for row in found.figures if row.slice == "new" and row.model == "personal"]
    (over,) = [row for row in found.summary if row.slice == "new" and row.model == "personal"]
    assert len(over.origins) == len(alone) == 3
    assert over.ndcg == pytest.approx(np.mean([row.ndcg for row in alone]))
    assert over.customers == sum(row.customers for row in alone)
    assert over.ndcg_interval.low < over.ndcg < over.ndcg_interval.high
    widest = max(row.ndcg_interval.high - row.ndcg_interval.low for row in alone)
    assert over.ndcg_interval.high - over.ndcg_interval.low < widest


def test_without_names_a_short_choice_is_evaluated_and_all_on_demand(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def build(name: str, settings: Mapping[str, object] | None = None) -> Model:
        asked.append(name)
        assert settings is None
        return registry.build("popularity")

    monkeypatch.setattr(evaluation, "build", build)
    for models, names in ((None, evaluation.SHORT), ([evaluation.ALL], tuple(registry.MODELS))):
        asked.clear()
        found = evaluate_workspace(workspace, origins=[ORIGIN], k=2, models=models)
        assert set(asked) == set(names)
        assert {row.model for row in found.figures} == set(names)
    assert evaluation.SHORT[0] == registry.DEFAULT
    assert set(evaluation.SHORT) <= set(registry.MODELS)


def test_tuned_settings_are_used_where_the_search_did_not_look_at_the_test(
    tmp_path: Path, orders: pd.DataFrame
) -> None:
    workspace = make_workspace(tmp_path / "shop", orders)
    tuned = Tuned(
        model="personal", parameters={"recency_days": 3.0}, defaults={"recency_days": 200.0},
        metric="ndcg@5", value=0.2, default_value=0.1, trials=2, seed=0, exclude_seen=False,
        source="workspace", data_digest="", before="2024-04-01", origins=["2024-03-04"],
    )  # fmt: skip
    keep(workspace, tuned)
    plain, fitted = (
        evaluate_workspace(workspace, origins=[ORIGIN], k=5, models=SINGLES, tuned=chosen)
        for chosen in (False, True)
    )
    for model, same in (("popularity", True), ("personal", False)):
        lists, others = (
            each.predictions[each.predictions["model"] == model].reset_index(drop=True)
            for each in (plain, fitted)
        )
        assert lists.equals(others) is same
    assert plain.settings["tuned"] == {}
    told: Any = json.loads(json.dumps(fitted.to_json()["settings"]))
    assert list(told["tuned"]) == ["personal"]
    assert told["tuned"]["personal"]["parameters"] == {"recency_days": 3.0}
    keep(workspace, tuned.model_copy(update={"before": "2024-04-02"}))
    with pytest.raises(BadRequest, match="begins on 2024-04-01"):
        evaluate_workspace(workspace, origins=[date(2024, 5, 6), ORIGIN], tuned=True)


def test_sparse_customers_are_those_of_at_most_two_order_lines(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("u1 a b\nu2 b c d\nu3 a\n")
    (tmp_path / "test.txt").write_text("u1 c\nu2 a\nu3 b\n")
    found = evaluate_files(
        tmp_path / "train.txt", tmp_path / "test.txt", k=1, models=["popularity"]
    )
    rows = {row.slice: row for row in found.figures}
    assert (rows["all"].customers, rows["sparse"].customers) == (3, 2)
    assert (rows["all"].recall, rows["sparse"].recall) == (1.0, 1.0)
    facts: Any = found.to_json()["origins"]
    assert facts[0]["sparse_customers"] == 2


def test_what_customers_buy_in_the_window_moves_no_list(
    tmp_path: Path, orders: pd.DataFrame
) -> None:
    later = orders["ordered_at"] >= pd.Timestamp(ORIGIN)
    spiked = orders.copy()
    spiked.loc[later & (spiked["variant_id"] > "v30"), "variant_id"] = "v20"
    lists = [
        evaluate_workspace(
            make_workspace(tmp_path / name, frame), origins=[ORIGIN], k=5, models=SINGLES
        ).predictions
        for name, frame in (("plain", orders), ("spiked", spiked))
    ]
    pd.testing.assert_frame_equal(lists[0], lists[1])


def test_evaluating_again_gives_the_same_answer(workspace: Workspace) -> None:
    first, second = (
        evaluate_workspace(workspace, origins=[ORIGIN], k=5, models=SINGLES) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.predictions, second.predictions)
    assert [row.ndcg_interval for row in first.figures] == [
        row.ndcg_interval for row in second.figures
    ]


def test_small_batches_give_the_same_lists(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate_workspace(workspace, origins=[ORIGIN], k=5, models=SINGLES)
    monkeypatch.setattr(evaluation, "BATCH_CELLS", 250)
    told: list[tuple[str, int, int]] = []
    parts = evaluate_workspace(
        workspace,
        origins=[ORIGIN],
        k=5,
        models=SINGLES,
        progress=lambda *step: told.append(step),
    )
    pd.testing.assert_frame_equal(whole.predictions, parts.predictions)
    steps = [(done, total) for stage, done, total in told if "personal at 2024-04-01" in stage]
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1]
    assert len(steps) > 3


def test_more_recommendations_asked_for_than_there_are(workspace: Workspace) -> None:
    found = evaluate_workspace(workspace, origins=[ORIGIN], k=500, models=["popularity"])
    sizes = found.predictions.groupby("customer_id").size()
    assert sizes.unique().tolist() == [35]  # 40 variants, 4 not yet sold, 1 discontinued
    assert found.figures[0].coverage == 1.0


def test_bad_requests_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(OutsideData, match="from 2024-01-02 to"):
        evaluate_workspace(workspace, origins=[date(2031, 1, 1)])
    with pytest.raises(UnknownModel, match="popularity"):
        evaluate_workspace(workspace, models=["popularty"])
    with pytest.raises(BadRequest, match="No model is named"):
        evaluate_workspace(workspace, models=[])
    for k in (0, -1, 10**9):
        with pytest.raises(BadRequest, match="1 to 1,000"):
            evaluate_workspace(workspace, k=k)
    for days in (0, 10**9):
        with pytest.raises(BadRequest, match="test_days"):
            evaluate_workspace(workspace, test_days=days)
    with pytest.raises(WorkspaceError, match="orders"):
        evaluate_workspace(Workspace.create(tmp_path / "bare"))


def write_pair(folder: Path) -> tuple[Path, Path]:
    (folder / "train.txt").write_text("u1 a b c\nu2 a d\nu3 a b e\n")
    (folder / "test.csv").write_text(
        "customer_id,variant_id,quantity\n"
        "u1,d,1\nu1,a,1\nu1,zz,2\nu2,b,1\nu2,b,5\nu3,c,-1\nstranger,a,1\n"
    )
    return folder / "train.txt", folder / "test.csv"


def test_files_exclude_what_was_seen_and_count_who_is_unknown(tmp_path: Path) -> None:
    found = evaluate_files(*write_pair(tmp_path), k=2, models=["popularity"])
    lists = found.predictions.groupby("customer_id")["variant_id"].agg(list).to_dict()
    assert lists == {"u1": ["d", "e"], "u2": ["b", "c"]}
    assert found.predictions["origin"].isna().all()
    row = found.figures[0]
    assert (row.slice, row.origin, row.customers, row.test_items) == ("all", None, 2, 4)
    assert row.recall == pytest.approx((1 / 3 + 1) / 2)  # the seen and the unsold one count
    assert row.ndcg == pytest.approx((1 / (1 + 1 / math.log2(3)) + 1) / 2)
    facts: Any = found.to_json()["origins"]
    assert facts[0]["customers_without_training"] == 1
    assert facts[0]["test_items_first_sold_in_window"] == 1
    json.dumps(found.to_json(), allow_nan=False)


def test_lists_without_an_origin_survive_a_parquet_file(tmp_path: Path) -> None:
    lists = evaluate_files(*write_pair(tmp_path), k=2, models=["popularity"]).predictions
    lists.to_parquet(tmp_path / "lists.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "lists.parquet"), lists)


def test_a_slice_without_customers_has_no_figures(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("u1 a b\nu2 b c\n")
    (tmp_path / "test.txt").write_text("u1 c\n")
    found = evaluate_files(
        tmp_path / "train.txt", tmp_path / "test.txt", k=2, models=["popularity"]
    )
    assert [row.slice for row in found.figures] == ["all", "new", "sparse"]


def test_files_that_share_no_customer_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("u1 a\n")
    (tmp_path / "test.txt").write_text("v1 a\n")
    with pytest.raises(TooFewInteractions, match="customer ids"):
        evaluate_files(tmp_path / "train.txt", tmp_path / "test.txt")


@pytest.mark.slow
@pytest.mark.skipif(not GOWALLA.is_dir(), reason="needs ../shared/data/lightgcn_gowalla")
def test_popularity_on_gowalla_has_its_known_recall() -> None:
    found = evaluate_files(GOWALLA / "train.txt.gz", GOWALLA / "test.txt.gz", models=["popularity"])
    assert found.figures[0].customers == 29_858
    assert found.figures[0].recall == pytest.approx(0.0416, abs=0.0005)
