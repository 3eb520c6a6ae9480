"""The loop's steps as the commands and the demo run them: do the work, keep its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from api.demand import asked_of
from api.errors import NotReady
from api.formats import VARIANTS, Format
from api.live import live_lines
from api.loop import join_orders, taken_by_orders
from api.output import write_bytes
from api.reports import FORMS
from api.settings import Settings
from data.progress import Progress, silent
from data.store import open_store
from data.workspace import LONG_PATIENCE, Workspace
from production.demand.forecast import Forecast
from production.demand.history import DemandPanel
from production.demand.saved import forecast_with_past, save_forecast
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.saved import save_plan
from production.report import Report, check_level
from recsys.lists.recommendation import RecommendationList
from recsys.lists.rules import NO_RULES, Rules
from recsys.model import Run
from recsys.recommender import Recommender, train
from recsys.saved.forgetting import still_named
from recsys.saved.manifest import signing_key
from recsys.saved.saving import current_model, load, save
from recsys.tuning.chosen import Tuned, chosen


def run_of(settings: Settings) -> Run:
    """The options of a run that the settings name."""
    return Run(seed=settings.seed, threads=settings.threads)


def key_of(workspace: Workspace, settings: Settings) -> bytes:
    """The key that signs this workspace's models."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value().encode()
    return signing_key(workspace)


def tuned_for(
    workspace: Workspace,
    settings: Settings,
    as_of: np.datetime64 | None = None,
    *,
    untuned: bool = False,
) -> Tuned | None:
    """What `atelier tune` chose for the model that the settings name, where it may be used.

    Args:
        workspace: where the search was made.
        settings: name the model.
        as_of: the moment up to which everything is known; a search that looked at later days is
            left aside.
        untuned: leave aside any.

    Raises:
        JournalRefused: it cannot be read.
    """
    tuned = None if untuned else chosen(workspace, settings.model)
    if tuned is None or as_of is None:
        return tuned
    day: date = as_of.astype("datetime64[D]").item()
    return tuned if tuned.knows_nothing_from(day) else None


def train_and_save(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None = None,
    untuned: bool = False,
    patience: float | None = None,
    progress: Progress = silent,
) -> tuple[str, Recommender]:
    """Fit the model that the settings name, save it and make it the current one.

    Custom orders are taken into the tables first, see `api.loop.join_orders`.

    Args:
        workspace: what to learn from, and where to save.
        settings: name the model.
        as_of: see `recsys.recommender.train`.
        untuned: see `tuned_for`.
        patience: seconds that joining waits for the tables, see `Workspace.locked`.
        progress: told of the steps.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
    """
    join_orders(workspace, settings, patience=patience)
    tuned = tuned_for(workspace, settings, as_of, untuned=untuned)
    recommender = _trained(workspace, settings, tuned, as_of=as_of, progress=progress)
    summary = None if tuned is None else tuned.summary()
    with workspace.locked(LONG_PATIENCE):  # an erasure comes before or after it is saved
        kept = still_named(workspace, recommender)
        return save(kept, workspace, key_of(workspace, settings), tuned=summary), kept


def _trained(
    workspace: Workspace,
    settings: Settings,
    tuned: Tuned | None,
    *,
    as_of: np.datetime64 | None,
    progress: Progress,
) -> Recommender:
    return train(
        workspace,
        as_of=as_of,
        model=settings.model,
        settings=None if tuned is None else tuned.settings(),
        run=run_of(settings),
        progress=progress,
    )


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
        tuned = tuned_for(workspace, settings, as_of)
        return None, _trained(workspace, settings, tuned, as_of=as_of, progress=progress)
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
    exclude_seen: bool = False,
    rules: Rules = NO_RULES,
    style: str | None = None,
) -> list[RecommendationList]:
    """The customers' lists with their live events folded in, as the service would answer.

    Args:
        workspace: whose store holds the events.
        settings: where the store is.
        recommender: who answers.
        customers: for whom.
        k: how many at most.
        exclude_seen: leave out what a customer has bought; lists of a style hold it.
        rules: what may be shown.
        style: list only this style's variants; None for lists of all styles.
    """
    store = open_store(settings.store_url(workspace.root))
    try:
        lists = []
        for customer in customers:
            extra = live_lines(store.of_customer(customer))
            lists.append(
                recommender.recommend(
                    customer, k, exclude_seen=exclude_seen, extra=extra, rules=rules
                )
                if style is None
                else recommender.recommend_style(customer, style, k, extra=extra, rules=rules)
            )
        return lists
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
    by_week: bool | None = None,
    overtime: bool = True,
    patience: float | None = None,
    progress: Progress = silent,
) -> Plan:
    """Make a plan over the settings' horizon; it and its forecast are kept, the latest.

    Custom orders are taken into the tables first, see `api.loop.join_orders`; not where a forecast
    is given, which was made from the tables as they are. These wait for the tables as long as
    `patience` says, see `Workspace.locked`.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
    """
    if forecast is None:
        join_orders(workspace, settings, patience=patience)
    asked = asked_of(workspace, settings, as_of=as_of, method=method)

    def keep(made: Forecast, panel: DemandPanel) -> None:
        save_forecast(workspace, forecast_with_past(made, panel, asked))

    plan = make_plan(
        workspace,
        as_of=as_of,
        horizon=settings.horizon,
        method=method,
        capacity=capacity,
        run=run_of(settings),
        settings=settings.economics,
        demand=settings.demand,
        risk=settings.risk,
        progress=progress,
        forecast=forecast,
        keep=keep,
        by_week=by_week,
        overtime=overtime,
        taken=taken_by_orders(workspace, settings),
    )
    save_plan(workspace, plan)
    return plan


def write_report(
    workspace: Workspace,
    report: Report,
    folder: Path | None = None,
    *,
    formats: Iterable[Format] = tuple(Format),
    level: str = VARIANTS,
) -> list[Path]:
    """Put a report's files in place; the HTML first.

    Args:
        workspace: whose reports folder is used where none is named.
        report: what to write.
        folder: where else to write; must exist.
        formats: in which formats.
        level: what CSV writes; refused in every form where no report has it.

    Raises:
        OutputError: the folder is missing or cannot be written to.
        UnknownLevel: the report has no such level.
    """
    check_level(level)
    folder = workspace.root / "reports" if folder is None else folder
    name = report.plan.plan_id
    paths = []
    for form in sorted(set(formats), key=list(Format).index):
        named = f"{name}-{level}" if form is Format.CSV and level != VARIANTS else name
        path = folder / f"{named}.{form}"
        write_bytes(path, FORMS[form].write(report, level))
        paths.append(path)
    return paths
