"""The loop's steps as the commands and the demo run them: do the work, keep its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from api.errors import NotReady
from api.live import live_lines
from api.output import to_json, write_text
from api.settings import Settings
from data.progress import Progress, silent
from data.store import open_store
from data.workspace import Workspace
from production.demand.forecast import Forecast
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.saved import save_plan
from production.report import Report, render_csv, render_html, render_json
from recsys.manifest import signing_key
from recsys.model import Run
from recsys.recommendation import RecommendationList
from recsys.recommender import Recommender, train
from recsys.saved import current_model, load, save


def run_of(settings: Settings) -> Run:
    """The options of a run that the settings name."""
    return Run(seed=settings.seed, threads=settings.threads)


def key_of(workspace: Workspace, settings: Settings) -> bytes:
    """The key that signs this workspace's models."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value().encode()
    return signing_key(workspace)


def train_and_save(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None = None,
    progress: Progress = silent,
) -> tuple[str, Recommender]:
    """Fit the model that the settings name, save it and make it the current one."""
    recommender = train(
        workspace, as_of=as_of, model=settings.model, run=run_of(settings), progress=progress
    )
    return save(recommender, workspace, key_of(workspace, settings)), recommender


def current_or_trained(
    workspace: Workspace, settings: Settings, *, progress: Progress = silent
) -> Recommender:
    """The current model where it was trained on the tables as they are; else a new one."""
    model_id = current_model(workspace)
    if model_id is not None:
        recommender = load(workspace, model_id, key=key_of(workspace, settings))
        fresh = recommender.data_digest == workspace.digest()
        if fresh and recommender.model.name == settings.model:
            return recommender
    return train_and_save(workspace, settings, progress=progress)[1]


def recommender_as_of(
    workspace: Workspace,
    settings: Settings,
    as_of: np.datetime64 | None,
    *,
    progress: Progress = silent,
) -> tuple[str | None, Recommender]:
    """The current model under its id; or, for a past day, one fitted for the occasion.

    Raises:
        NotReady: no model has been trained.
    """
    if as_of is not None:
        fitted = train(
            workspace, as_of=as_of, model=settings.model, run=run_of(settings), progress=progress
        )
        return None, fitted
    model_id = current_model(workspace)
    if model_id is None:
        raise NotReady(
            "The workspace has no model yet.",
            where=str(workspace.root),
            fix=f"Train one with 'atelier train --workspace {workspace.root}'.",
        )
    return model_id, load(workspace, model_id, key=key_of(workspace, settings))


def recommend_live(
    workspace: Workspace,
    settings: Settings,
    recommender: Recommender,
    customers: Sequence[str],
    k: int,
    *,
    exclude_seen: bool,
) -> list[RecommendationList]:
    """The customers' lists with their live events folded in, as the service would answer."""
    store = open_store(settings.store_url(workspace.root))
    try:
        return [
            recommender.recommend(
                customer,
                k,
                exclude_seen=exclude_seen,
                extra=live_lines(store.of_customer(customer)),
            )
            for customer in customers
        ]
    finally:
        store.close()


def plan_and_save(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None = None,
    method: str = "atelier",
    capacity: Mapping[str, float] | None = None,
    forecast: Forecast | None = None,
    progress: Progress = silent,
) -> Plan:
    """Make a plan over the settings' horizon, save it and make it the latest."""
    plan = make_plan(
        workspace,
        as_of=as_of,
        horizon=settings.horizon,
        method=method,
        capacity=capacity,
        run=run_of(settings),
        settings=settings.economics,
        demand=settings.demand,
        progress=progress,
        forecast=forecast,
    )
    save_plan(workspace, plan)
    return plan


def write_report(workspace: Workspace, report: Report, folder: Path | None = None) -> list[Path]:
    """Put a report's three files in place; the HTML first.

    Args:
        workspace: whose reports folder is used where none is named.
        report: what to write.
        folder: where else to write; must exist.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    folder = workspace.root / "reports" if folder is None else folder
    texts = {
        "html": render_html(report),
        "csv": render_csv(report),
        "json": to_json(render_json(report)),
    }
    paths = []
    for kind, text in texts.items():
        path = folder / f"{report.plan.plan_id}.{kind}"
        write_text(path, text)
        paths.append(path)
    return paths
