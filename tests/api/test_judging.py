"""Policies and experiments judged by the workspace's own log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.cli import main
from api.errors import Invalid, NotReady
from api.judging import experiment_report, own_task
from api.service.engine import open_engine
from api.settings import load_settings
from data.store import LiveEvent, open_store
from data.store.served import ServedList, log_list, served_places
from data.workspace import Workspace
from recsys.evaluation.policy.estimates import estimate
from recsys.evaluation.policy.responses import rewards
from recsys.experiments.splitting import arm_of
from recsys.exploration.beliefs import NO_BELIEFS
from recsys.exploration.exploring import POLICY, explore, random_of, wide
from recsys.exploration.settings import ExploreSettings

NOW = datetime.now(UTC).replace(tzinfo=None)
THEN = NOW - timedelta(days=10)
K = 6
EXPLORE = ExploreSettings(share=0.34)
EXPERIMENT = "[experiments.spring]\narms = {control = 0.5, bonus = 0.5}\n"


def serve(workspace: Path, *, at: datetime = THEN, rounds: int = 6) -> None:
    """Lists that explore, to every customer; who is shown the model's second clicks it."""
    with open_engine(workspace, load_settings(workspace)) as engine:
        recommender = engine.snapshot().recommender
        for number, customer in enumerate(map(str, recommender.interactions.customers)):
            ranking = recommender.recommend(customer, wide(K, EXPLORE))
            for turn in range(rounds):
                list_id = f"{number}-{turn}"
                found = explore(
                    ranking, K, beliefs=NO_BELIEFS, settings=EXPLORE,
                    random=random_of(0, customer, list_id),
                )  # fmt: skip
                shown = [one.variant_id for one in found.found.recommendations]
                moment = at + timedelta(minutes=turn)
                log_list(
                    engine.store.database,
                    ServedList(
                        list_id=list_id, customer_id=customer, at=moment, model_id="m",
                        policy=POLICY, experiment="spring",
                        arm=arm_of(customer, "spring", {"control": 1, "bonus": 1}),
                        variants=shown, propensities=found.propensity.tolist(),
                    ),
                )  # fmt: skip
                if shown[1] == ranking.recommendations[1].variant_id:
                    event = LiveEvent(
                        event_id=list_id, customer_id=customer, variant_id=shown[1], kind="click",
                        at=moment + timedelta(seconds=5),
                    )  # fmt: skip
                    engine.store.append([event])


def test_the_model_that_served_is_worth_what_it_earns_without_exploring(workspace: Path) -> None:
    serve(workspace)
    settings, opened = load_settings(workspace), Workspace.open(workspace)
    judged = own_task(opened, settings, model_id=None, popular=False, now=NOW)
    found = estimate(judged.task)
    assert (judged.early, judged.late) == (0, 0)
    inside = found.estimates["ips"].interval
    assert inside.low <= 1 <= inside.high  # each list would show the second, which is clicked
    assert found.logged.value == pytest.approx(0.6, abs=0.08)  # 2 of 5 places explore
    assert found.differences["doubly_robust"].interval.low > 0
    popular = own_task(opened, settings, model_id=None, popular=True, now=NOW)
    assert estimate(popular.task).warnings  # it shows what was hardly ever tried


def test_lists_that_cannot_be_judged_are_left_out(workspace: Path) -> None:
    settings, opened = load_settings(workspace), Workspace.open(workspace)
    with pytest.raises(NotReady):
        own_task(opened, settings, model_id=None, popular=False, now=NOW)
    serve(workspace, at=NOW - timedelta(days=1), rounds=1)
    with pytest.raises(NotReady):
        own_task(opened, settings, model_id=None, popular=False, now=NOW)
    later = own_task(opened, settings, model_id=None, popular=False, now=NOW + timedelta(days=20))
    assert (later.early, later.late) == (0, 0)


def test_a_response_earns_for_the_last_list_that_showed_it() -> None:
    at = np.datetime64("2026-01-01T10:00", "us")
    served = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "variant_id": ["x", "x", "y", "x"],
            "at": [at, at + np.timedelta64(1, "h"), at, at],
        }
    )
    came = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c"],
            "variant_id": ["x", "x", "x", "x"],
            "at": [
                at + np.timedelta64(2, "h"), at + np.timedelta64(3, "h"),
                at + np.timedelta64(8, "D"), at,
            ],
        }
    )  # fmt: skip
    assert rewards(served, came, np.timedelta64(7, "D")).tolist() == [0, 1, 0, 0]
    assert rewards(served, came, np.timedelta64(9, "D")).tolist() == [0, 1, 0, 1]
    assert rewards(served, came.iloc[:0], np.timedelta64(9, "D")).tolist() == [0, 0, 0, 0]


def test_an_experiment_is_told(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "atelier.toml").write_text(EXPERIMENT)
    serve(workspace, rounds=2)
    out = workspace / "out.json"
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "experiment", "spring", "--days", "7", "--workspace", str(workspace),
              "--json", str(out)])  # fmt: skip
    assert ended.value.code == 0
    told = json.loads(out.read_text())
    assert [arm["arm"] for arm in told["arms"]] == ["control", "bonus"]
    with open_engine(workspace, load_settings(workspace)) as engine:
        served = served_places(engine.store.database, experiment="spring")
    assert sum(arm["customers"] for arm in told["arms"]) == served["customer_id"].nunique()
    assert not told["mismatch"]
    assert told["arms"][1]["rate"]["low"] <= told["arms"][1]["rate"]["value"]
    assert "one look" in capsys.readouterr().out


def test_customers_whose_days_are_not_over_wait_and_those_of_two_arms_do_not_count(
    workspace: Path,
) -> None:
    (workspace / "atelier.toml").write_text(EXPERIMENT)
    serve(workspace, rounds=1)
    settings, opened = load_settings(workspace), Workspace.open(workspace)
    store = open_store(settings.store_url(workspace))
    customer = str(served_places(store.database)["customer_id"].iloc[0])
    for number, arm in enumerate(("control", "bonus")):
        log_list(
            store.database,
            ServedList(
                list_id=f"mixed-{number}", customer_id=customer, at=THEN, model_id="m",
                policy="ranking", experiment="spring", arm=arm, variants=["v"], propensities=[1.0],
            ),
        )  # fmt: skip
        log_list(
            store.database,
            ServedList(
                list_id=f"fresh-{number}", customer_id=f"fresh-{number}", at=NOW, model_id="m",
                policy="ranking", experiment="spring", arm=arm, variants=["v"], propensities=[1.0],
            ),
        )  # fmt: skip
    store.close()
    counted = experiment_report(opened, settings, "spring", days=7, now=NOW).counted
    assert (counted.mixed, counted.waiting) == (1, 2)
    with pytest.raises(Invalid, match="sprung"):
        experiment_report(opened, settings, "sprung", days=7, now=NOW)


def test_a_policy_is_judged_by_the_command(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(workspace, rounds=2)
    out = workspace / "out.json"
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "policy", "--workspace", str(workspace), "--json", str(out)])
    assert ended.value.code == 0
    told = json.loads(out.read_text())
    assert told["lists"] > 0
    assert told["lists_before_training"] == 0
    assert "doubly robust" in capsys.readouterr().out
