"""Policies and experiments judged by the workspace's own log of served lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from api.errors import Invalid, NotReady
from api.responses import responses_of
from api.settings import Settings
from api.work import key_of
from data.nearest import hint
from data.store import Store, open_store
from data.store.served import served_places
from data.workspace import Workspace
from recsys.evaluation.policy.log import Task, task_of
from recsys.evaluation.policy.responses import rewards
from recsys.experiments.comparison import Comparison, compare
from recsys.experiments.outcomes import Counted, count_outcomes
from recsys.recommender import Recommender
from recsys.saved.saving import load


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTask:
    """What is judged, and how many lists are not.

    Attributes:
        task: log and policy.
        early: lists from before the end of what the model learned from: it knows what came of
            them.
        late: lists whose days for a response are not over.
    """

    task: Task
    early: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentReport:
    """What the arms of an experiment did.

    Attributes:
        compared: the arms beside their control.
        counted: who counts, and who does not yet.
        models: by arm, the saved models that made its lists, as the log has them, ascending.
    """

    compared: Comparison
    counted: Counted
    models: Mapping[str, Sequence[str]]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found = self.compared.to_json()
        arms = [{**arm, "models": list(self.models[arm["arm"]])} for arm in found["arms"]]
        counted = {"waiting": self.counted.waiting, "mixed": self.counted.mixed}
        return {**found, "arms": arms, **counted}


def own_task(
    workspace: Workspace,
    settings: Settings,
    *,
    model_id: str | None,
    popular: bool,
    now: datetime,
) -> OwnTask:
    """The served lists, and what a saved model, or what is popular, would show in their place.

    Args:
        workspace: whose lists and models.
        settings: what counts as a response, and for how long.
        model_id: the saved model; None for the current one.
        popular: judge what is popular for everybody, by the model's counts.
        now: the moment, the shop's local time.

    Raises:
        NotReady: no list was logged whose responses can be told.
        ModelRefused: there is no such model, or it is damaged.
        BadLog: see `task_of`.
    """
    recommender = load(workspace, model_id, key=key_of(workspace, settings))
    store = open_store(settings.store_url(workspace.root))
    try:
        served = served_places(store.database, plain=False)
        window = settings.explore.window
        early = served["at"] < pd.Timestamp(recommender.interactions.as_of)
        late = served["at"] > pd.Timestamp(np.datetime64(now) - window)
        log = served[~early & ~late].reset_index(drop=True)
        if not len(log):
            raise NotReady(
                "No served list can be judged by this model.",
                where=f"{served['list_id'].nunique():,} lists logged",
                fix="Serve lists with 'share' of [explore] above 0 after the model's training, and "
                f"wait {settings.explore.window_days} days for responses.",
            )
        came = _responses(workspace, store, settings, log["at"].min())
    finally:
        store.close()
    log["reward"] = rewards(log, came, window)
    lists = log.groupby("list_id", sort=True).agg(customer_id=("customer_id", "first"),
                                                  k=("position", "max"))  # fmt: skip
    return OwnTask(
        task=task_of(log, _shown(recommender, lists, popular=popular)),
        early=served.loc[early, "list_id"].nunique(),
        late=served.loc[late & ~early, "list_id"].nunique(),
    )


def experiment_report(
    workspace: Workspace, settings: Settings, name: str, *, days: int, now: datetime
) -> ExperimentReport:
    """What the arms of an experiment did, by which models, and who is not counted yet.

    Args:
        workspace: whose lists and orders.
        settings: name the experiment and its weights.
        name: which.
        days: that each customer counts for, from the first list on.
        now: the moment, the shop's local time.

    Raises:
        Invalid: the settings have no such experiment.
        TooFewCustomers: an arm has too few customers whose days are over.
    """
    experiment = settings.experiments.get(name)
    if experiment is None:
        known = sorted(settings.experiments)
        raise Invalid(
            f"The settings have no experiment '{name}'.",
            where="atelier.toml",
            fix=f"{hint(name, known)}Write it as [experiments.{name}.arms].",
        )
    window = np.timedelta64(days, "D")
    store = open_store(settings.store_url(workspace.root))
    try:
        served = served_places(store.database, experiment=name, plain=False)
        since = served["at"].min() if len(served) else pd.Timestamp(now)
        came = _responses(workspace, store, settings, since - pd.Timedelta(window))
    finally:
        store.close()
    counted = count_outcomes(served, came, window=window, now=np.datetime64(now))
    models = served.groupby("arm")["model_id"].unique()
    return ExperimentReport(
        compared=compare(counted.outcomes, experiment.weights, experiment.control),
        counted=counted,
        models={str(arm): sorted(those) for arm, those in models.items()},
    )


def _responses(
    workspace: Workspace, store: Store, settings: Settings, since: pd.Timestamp
) -> pd.DataFrame:
    return responses_of(workspace, store, since.to_pydatetime(), settings.explore.responses)


def _shown(recommender: Recommender, lists: pd.DataFrame, *, popular: bool) -> pd.DataFrame:
    """What a model shows in each list: its plain list, as long as the one served."""
    rows: list[tuple[str, int, str]] = []
    for k, some in lists.groupby("k"):
        customers = [""] * len(some) if popular else some["customer_id"].tolist()
        shown = recommender.recommend_many(customers, int(str(k)))
        rows += [
            (str(list_id), one.rank, one.variant_id)
            for list_id, found in zip(some.index, shown, strict=True)
            for one in found.recommendations
        ]
    frame = pd.DataFrame(rows, columns=["list_id", "position", "variant_id"])
    return frame.assign(probability=1.0)
