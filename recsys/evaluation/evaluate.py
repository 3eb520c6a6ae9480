"""Evaluation of recommendations: models side by side, on a workspace's rolling origins or files.

Each model is fitted on what lies before an origin and ranks the catalogue for the customers who
then bought something; the figures are read off those lists (`recsys.evaluation.comparison`), and
the lists themselves are kept, so that anyone can compute the figures again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.errors import BadRequest
from recsys.evaluation.accuracy import Measured, measure, measure_newcomers
from recsys.evaluation.beyond import Beyond, beyond
from recsys.evaluation.bootstrap import DRAWS, FLIPS, LEVEL
from recsys.evaluation.bounds import MOST_K, MOST_TEST_DAYS, check_between
from recsys.evaluation.comparison import figures_of
from recsys.evaluation.datasets import read_lines
from recsys.evaluation.evaluation import Evaluation
from recsys.evaluation.groups import ENOUGH, Gap, GroupFigures, by_group
from recsys.evaluation.lists import Lists
from recsys.evaluation.newcomers import recommend_newcomers
from recsys.evaluation.rows import facts, predictions
from recsys.evaluation.splits import Split, choose_origins, split_at, split_files
from recsys.model import Model, Run
from recsys.ranking import BATCH_CELLS, Ranked, rank
from recsys.registry import MODELS, build
from recsys.tuning.chosen import Tuned, chosen_before

SHORT: Final = ("atelier", "blend", "ease", "als", "personal", "popularity")
"""The models that are compared unless others are named: the default, and one of each kind."""

ALL: Final = "all"
"""In place of names: every model there is."""


def evaluate_workspace(
    workspace: Workspace,
    *,
    origins: Sequence[date] | None = None,
    test_days: int = 28,
    k: int = 20,
    models: Sequence[str] | None = None,
    reference: str | None = None,
    exclude_seen: bool = False,
    tuned: bool = False,
    run: Run = Run(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> Evaluation:
    """Train before each origin, test on what known customers bought in the days from it.

    Time is that of the models' fits. Scores of at most 16 MB are held at once; of each customer
    only k recommendations are kept.

    Args:
        workspace: where orders and variants lie.
        origins: days to test from; None for the last three at 28-day steps.
        test_days: length of the test window.
        k: length of the lists.
        models: names in `recsys.registry.MODELS`, or `ALL`; None for `SHORT`.
        reference: the model that the others are compared to, evaluated even if it is not among
            `models`; None for the best but the default, by NDCG in each slice.
        exclude_seen: leave out what a customer bought before (the discovery task).
        tuned: fit with what `recsys.tuning` chose in the workspace, where it searched a model.
        run: seed and threads.
        progress: is told of each model and origin.

    Raises:
        OutsideData: the orders do not reach around an origin; says which origins they allow.
        BadRequest: k or test_days out of bounds; or `tuned`, and a search looked at days from the
            first origin on, or none was made.
        UnknownModel: a model name that is not registered.
        TooFewInteractions: nothing to train on or to test.
    """
    names = _names(models, reference)
    check_between("k", k, MOST_K)
    check_between("test_days", test_days, MOST_TEST_DAYS)
    orders = workspace.read(ORDERS)
    catalogue = workspace.read(VARIANTS) if workspace.has(VARIANTS) else pd.DataFrame()
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    days = choose_origins(orders, origins, test_days=test_days)
    splits = (split_at(orders, catalogue, events, origin=day, test_days=test_days) for day in days)
    settings: dict[str, object] = {"source": "workspace", "test_days": test_days}
    return _evaluate(
        splits,
        names,
        settings,
        k=k,
        reference=reference,
        exclude_seen=exclude_seen,
        tuned=chosen_before(workspace, names, days[0].date()) if tuned else {},
        run=run,
        progress=progress,
    )


def evaluate_files(
    train: Path,
    test: Path,
    *,
    k: int = 20,
    models: Sequence[str] | None = None,
    reference: str | None = None,
    run: Run = Run(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> Evaluation:
    """Train on one file, test on another; what a customer has in training is not recommended.

    Args:
        train: a file that `recsys.evaluation.datasets.read_lines` reads.
        test: likewise.
        k: length of the lists.
        models: names in `recsys.registry.MODELS`, or `ALL`; None for `SHORT`.
        reference: the model that the others are compared to, evaluated even if it is not among
            `models`; None for the best but the default, by NDCG in each slice.
        run: seed and threads.
        progress: is told of each model.

    Raises:
        SourceError: a file that cannot be read as what it claims to be.
        BadRequest: k out of bounds.
        UnknownModel: a model name that is not registered.
        TooFewInteractions: nothing to train on or to test.
    """
    names = _names(models, reference)
    check_between("k", k, MOST_K)
    split = split_files(read_lines(train), read_lines(test))
    settings: dict[str, object] = {"source": "files", "train": train.name, "test": test.name}
    return _evaluate(
        [split],
        names,
        settings,
        k=k,
        reference=reference,
        exclude_seen=True,
        tuned={},
        run=run,
        progress=progress,
    )


def recommend(
    model: Model, split: Split, *, k: int, exclude_seen: bool, run: Run, progress: Progress = silent
) -> Lists:
    """Fit a model on a split and rank the catalogue for its test customers, batch by batch.

    Args:
        model: not yet fitted.
        split: what to learn from, and for whom to rank.
        k: length of the lists; shorter where fewer variants are left.
        exclude_seen: leave out what a customer bought before.
        run: seed and threads.
        progress: is told how many customers are done.
    """
    stage = f"Evaluating {model.name}{f' at {split.origin}' if split.origin else ''}"
    customers = len(split.customers)
    progress(stage, 0, customers)
    begun = perf_counter()
    model.fit(split.train, split.catalogue, run)
    fitted = perf_counter()
    batch = max(1, BATCH_CELLS // len(split.train.variants))
    starts = range(0, customers, batch)
    parts: list[Ranked] = []
    for start in starts:
        histories = split.train.take(split.customers[start : start + batch])
        parts.append(rank(model, histories, k, exclude_seen=exclude_seen, allowed=split.on_sale))
        progress(stage, min(start + batch, customers), customers)
    ranked = perf_counter()
    return Lists(
        row=np.concatenate(
            [start + part.customer for start, part in zip(starts, parts, strict=True)]
        ),
        variant=np.concatenate([part.variants for part in parts]),
        rank=np.concatenate([part.rank for part in parts]),
        score=np.concatenate([part.scores for part in parts]),
        fit_seconds=fitted - begun,
        score_seconds=ranked - fitted,
    )


def _names(asked: Sequence[str] | None, reference: str | None) -> list[str]:
    """The models asked for and the reference, each once, in that order; `SHORT` without any."""
    listed = SHORT if asked is None else asked
    names = list(dict.fromkeys(MODELS if tuple(listed) == (ALL,) else listed))
    if not names:
        raise BadRequest(
            "No model is named.", where="models", fix=f"Name some of {', '.join(MODELS)}."
        )
    if reference is not None and reference not in names:
        names.append(reference)
    for name in names:
        build(name)  # an unknown one is refused before hours of fits, not after
    return names


def _evaluate(
    splits: Iterable[Split],
    names: Sequence[str],
    settings: dict[str, object],
    *,
    k: int,
    reference: str | None,
    exclude_seen: bool,
    tuned: Mapping[str, Tuned],
    run: Run,
    progress: Progress,
) -> Evaluation:
    """Every model on every split, with what was chosen for it or its defaults."""
    chosen = {name: each.settings() for name, each in tuned.items()}
    measured: list[list[Measured]] = []
    origins: list[dict[str, object]] = []
    frames: list[pd.DataFrame] = []
    shown: list[Beyond] = []
    groups: list[GroupFigures] = []
    gaps: list[Gap] = []
    for split in splits:
        lists, told, untold = _all_lists(
            split, names, chosen, k=k, exclude_seen=exclude_seen, run=run, progress=progress
        )
        slices = measure(split, lists, k=k)
        measured.append([*slices, *measure_newcomers(split, told, untold, k=k)])
        shown += beyond(split, lists, seed=run.seed)
        by, between = by_group(split, slices[0], seed=run.seed)
        groups, gaps = groups + by, gaps + between
        origins.append(facts(split))
        frames += [predictions(name, split, each) for name, each in lists.items()]
    figures = tuple(
        row for each in measured for row in figures_of([each], seed=run.seed, reference=reference)
    )
    return Evaluation(
        k=k,
        settings=settings | _settings(reference, tuned, exclude_seen=exclude_seen, run=run),
        origins=tuple(origins),
        figures=figures,
        summary=tuple(figures_of(measured, seed=run.seed, reference=reference))
        if len(measured) > 1
        else figures,
        beyond=tuple(shown),
        groups=tuple(groups),
        gaps=tuple(gaps),
        predictions=pd.concat(frames, ignore_index=True),
    )


def _all_lists(
    split: Split,
    names: Sequence[str],
    chosen: Mapping[str, Mapping[str, object]],
    *,
    k: int,
    exclude_seen: bool,
    run: Run,
    progress: Progress,
) -> tuple[dict[str, Lists], dict[str, Lists], dict[str, Lists]]:
    """By model, lists of known customers, and of newcomers with and without their region.

    One fitted model is held at a time.
    """
    lists: dict[str, Lists] = {}
    told: dict[str, Lists] = {}
    untold: dict[str, Lists] = {}
    for name in names:
        model = build(name, chosen.get(name))
        lists[name] = recommend(
            model, split, k=k, exclude_seen=exclude_seen, run=run, progress=progress
        )
        if newcomers := recommend_newcomers(model, split, k=k):
            told[name], untold[name] = newcomers
    return lists, told, untold


def _settings(
    reference: str | None, tuned: Mapping[str, Tuned], *, exclude_seen: bool, run: Run
) -> dict[str, object]:
    return {
        "tuned": {
            name: {"parameters": each.parameters, **each.summary()} for name, each in tuned.items()
        },
        "exclude_seen": exclude_seen,
        "reference": reference,
        "seed": run.seed,
        "interval": {"level": LEVEL, "draws": DRAWS, "over": "customers"},
        "test": {"kind": "paired sign flip", "flips": FLIPS, "over": "customers"},
        "enough_customers": ENOUGH,
    }
