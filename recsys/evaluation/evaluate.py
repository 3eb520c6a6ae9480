"""Evaluation of recommendations: models side by side, on a workspace's rolling origins or files.

Each model is fitted on what lies before an origin and ranks the catalogue for the customers who
then bought something; the figures are read off those lists (`recsys.evaluation.comparison`), and
the lists themselves are kept, so that anyone can compute the figures again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from recsys.evaluation.bootstrap import DRAWS, LEVEL, Interval
from recsys.evaluation.comparison import Figures, Lists, compare
from recsys.evaluation.datasets import read_lines
from recsys.evaluation.splits import Split, choose_origins, split_at, split_files
from recsys.model import Model, Run
from recsys.ranking import BATCH_CELLS, Ranked, rank
from recsys.registry import MODELS, build

PREDICTION_COLUMNS: Final = ("model", "origin", "customer_id", "variant_id", "rank", "score")
MOST_K: Final = 1_000
MOST_TEST_DAYS: Final = 3_660


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        k: length of the lists.
        settings: how it was made, as JSON would hold it.
        origins: facts of each split, as JSON would hold them.
        figures: one row a model, origin and slice.
        predictions: the lists themselves: `PREDICTION_COLUMNS`, only real recommendations, by
            origin, model, customer and rank.
    """

    k: int
    settings: dict[str, object]
    origins: tuple[dict[str, object], ...]
    figures: tuple[Figures, ...]
    predictions: pd.DataFrame

    def to_json(self) -> dict[str, object]:
        """The evaluation without its lists, ready for `json.dumps`."""
        return {
            "k": self.k,
            "settings": self.settings,
            "origins": list(self.origins),
            "models": [_row(figures) for figures in self.figures],
        }


def evaluate_workspace(
    workspace: Workspace,
    *,
    origins: Sequence[date] | None = None,
    test_days: int = 28,
    k: int = 20,
    models: Sequence[str] | None = None,
    exclude_seen: bool = False,
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
        models: names in `recsys.registry.MODELS`; None for all.
        exclude_seen: leave out what a customer bought before (the discovery task).
        run: seed and threads.
        progress: is told of each model and origin.

    Raises:
        OutsideData: the orders do not reach around an origin; says which origins they allow.
        BadRequest: k or test_days out of bounds.
        UnknownModel: a model name that is not registered.
        TooFewInteractions: nothing to train on or to test.
    """
    names = _names(models)
    _check_between("k", k, MOST_K)
    _check_between("test_days", test_days, MOST_TEST_DAYS)
    orders = workspace.read(ORDERS)
    catalogue = workspace.read(VARIANTS) if workspace.has(VARIANTS) else pd.DataFrame()
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    splits = (
        split_at(orders, catalogue, events, origin=origin, test_days=test_days)
        for origin in choose_origins(orders, origins, test_days=test_days)
    )
    settings: dict[str, object] = {"source": "workspace", "test_days": test_days}
    return _evaluate(
        splits, names, settings, k=k, exclude_seen=exclude_seen, run=run, progress=progress
    )


def evaluate_files(
    train: Path,
    test: Path,
    *,
    k: int = 20,
    models: Sequence[str] | None = None,
    run: Run = Run(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> Evaluation:
    """Train on one file, test on another; what a customer has in training is not recommended.

    Args:
        train: a file that `recsys.evaluation.datasets.read_lines` reads.
        test: likewise.
        k: length of the lists.
        models: names in `recsys.registry.MODELS`; None for all.
        run: seed and threads.
        progress: is told of each model.

    Raises:
        SourceError: a file that cannot be read as what it claims to be.
        BadRequest: k out of bounds.
        UnknownModel: a model name that is not registered.
        TooFewInteractions: nothing to train on or to test.
    """
    names = _names(models)
    _check_between("k", k, MOST_K)
    split = split_files(read_lines(train), read_lines(test))
    settings: dict[str, object] = {"source": "files", "train": train.name, "test": test.name}
    return _evaluate([split], names, settings, k=k, exclude_seen=True, run=run, progress=progress)


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


def _names(asked: Sequence[str] | None) -> list[str]:
    """The models asked for, each once, in the order asked for; all without any."""
    names = list(dict.fromkeys(MODELS if asked is None else asked))
    if not names:
        raise BadRequest(
            "No model is named.", where="models", fix=f"Name some of {', '.join(MODELS)}."
        )
    for name in names:
        build(name)  # an unknown one is refused before hours of fits, not after
    return names


def _check_between(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise BadRequest(f"{name} is {value}.", where=name, fix=f"Give 1 to {most:,}.")


def _evaluate(
    splits: Iterable[Split],
    names: Sequence[str],
    settings: dict[str, object],
    *,
    k: int,
    exclude_seen: bool,
    run: Run,
    progress: Progress,
) -> Evaluation:
    """Every model on every split; one fitted model is held at a time."""
    figures: list[Figures] = []
    facts: list[dict[str, object]] = []
    frames: list[pd.DataFrame] = []
    for split in splits:
        lists = {
            name: recommend(
                build(name), split, k=k, exclude_seen=exclude_seen, run=run, progress=progress
            )
            for name in names
        }
        figures += compare(split, lists, k=k, seed=run.seed)
        facts.append(_facts(split))
        frames += [_predictions(name, split, each) for name, each in lists.items()]
    return Evaluation(
        k=k,
        settings=settings
        | {
            "exclude_seen": exclude_seen,
            "seed": run.seed,
            "interval": {"level": LEVEL, "draws": DRAWS, "over": "customers"},
        },
        origins=tuple(facts),
        figures=tuple(figures),
        predictions=pd.concat(frames, ignore_index=True),
    )


def _facts(split: Split) -> dict[str, object]:
    return {
        "origin": split.origin,
        "training_lines": len(split.train),
        "training_customers": len(split.train.customers),
        "catalogue": split.offered,
        "test_customers": len(split.customers),
        "test_items": len(split.item),
        "test_items_first_sold_in_window": split.unsold_items,
        "customers_without_training": split.unknown_customers,
    }


def _predictions(name: str, split: Split, lists: Lists) -> pd.DataFrame:
    """The lists of one model and split under their external ids."""
    customers = pd.array(split.train.customers[split.customers], dtype="str")
    variants = pd.array(split.train.variants, dtype="str")
    rows = len(lists.row)
    frame = pd.DataFrame(
        {
            "model": pd.array([name] * rows, dtype="str"),
            "origin": pd.array([split.origin] * rows, dtype="str"),
            "customer_id": customers.take(lists.row),
            "variant_id": variants.take(lists.variant),
            "rank": lists.rank.astype(np.int32),
            "score": lists.score,
        }
    )
    return frame[list(PREDICTION_COLUMNS)]


def _row(figures: Figures) -> dict[str, object]:
    """One row of the JSON's `models`."""
    row: dict[str, object] = {
        "model": figures.model,
        "origin": figures.origin,
        "slice": figures.slice,
        "customers": figures.customers,
        "recall": figures.recall,
        "ndcg": figures.ndcg,
        "hit_rate": figures.hit_rate,
        "coverage": figures.coverage,
        "fit_seconds": figures.fit_seconds,
        "score_seconds": figures.score_seconds,
        "test_items": figures.test_items,
        "precision": figures.precision,
        "capped_recall": figures.capped_recall,
        "ci": {
            "recall": _pair(figures.recall_interval),
            "ndcg": _pair(figures.ndcg_interval),
        },
    }
    if figures.difference is not None:
        row["difference"] = {
            "reference": figures.difference.reference,
            "recall": figures.difference.recall,
            "ndcg": figures.difference.ndcg,
            "ci": {
                "recall": _pair(figures.difference.recall_interval),
                "ndcg": _pair(figures.difference.ndcg_interval),
            },
        }
    return row


def _pair(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
