"""What an evaluation found as plain data: rows of the JSON, and the lists under external ids."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from recsys.evaluation.beyond import Beyond
from recsys.evaluation.bootstrap import Interval
from recsys.evaluation.comparison import Figures
from recsys.evaluation.groups import Gap, GroupFigures
from recsys.evaluation.lists import Lists
from recsys.evaluation.paired import Difference, Paired
from recsys.evaluation.splits import Split
from recsys.registry import DEFAULT

PREDICTION_COLUMNS: Final = ("model", "origin", "customer_id", "variant_id", "rank", "score")


def facts(split: Split) -> dict[str, object]:
    """What a split holds."""
    return {
        "origin": split.origin,
        "training_lines": len(split.train),
        "training_customers": len(split.train.customers),
        "catalogue": split.offered,
        "test_customers": len(split.customers),
        "sparse_customers": int(split.sparse.sum()),
        "test_items": len(split.item),
        "test_items_first_sold_in_window": split.unsold_items,
        "customers_without_training": split.unknown_customers,
        "newcomers_with_region": 0 if split.newcomers is None else len(split.newcomers.customers),
    }


def predictions(name: str, split: Split, lists: Lists) -> pd.DataFrame:
    """The lists of one model and split under their external ids, as `PREDICTION_COLUMNS`."""
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


def model_row(figures: Figures) -> dict[str, object]:
    """One row of `models`: a model on a slice of one origin."""
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
        "ci": {name: _pair(each) for name, each in figures.intervals.items()},
    }
    difference = figures.difference
    if difference is not None and figures.model == DEFAULT:
        row["difference"] = {
            "reference": difference.reference,
            "recall": difference.recall,
            "ndcg": difference.ndcg,
            "ci": {
                "recall": _pair(difference.recall_interval),
                "ndcg": _pair(difference.ndcg_interval),
            },
        }
    return row


def comparison_row(figures: Figures, difference: Difference) -> dict[str, object]:
    """One row of `comparisons`: a model beside the reference on a slice of one origin."""
    return {
        "model": figures.model,
        "origin": figures.origin,
        "slice": figures.slice,
        "customers": figures.customers,
        **_difference(difference),
    }


def summary_row(figures: Figures) -> dict[str, object]:
    """One row of `summary`: a model on a slice, over the origins."""
    row = model_row(figures)
    for name in ("origin", "difference"):
        row.pop(name, None)
    row["origins"] = list(figures.origins)
    if figures.difference is not None:
        row["comparison"] = _difference(figures.difference)
    return row


def beyond_row(found: Beyond) -> dict[str, object]:
    """One row of `beyond`: a model's figures beyond accuracy at one origin."""
    return {
        "model": found.model,
        "origin": found.origin,
        "customers": found.customers,
        **found.figures,
        "ci": {
            name: None if each is None else _pair(each) for name, each in found.intervals.items()
        },
    }


def group_row(found: GroupFigures) -> dict[str, object]:
    """One row of `groups`: a model's NDCG for one group of customers at one origin."""
    return {
        "model": found.model,
        "origin": found.origin,
        "by": found.by,
        "group": found.group,
        "customers": found.customers,
        "share": found.share,
        "ndcg": found.ndcg,
        "ci": {"ndcg": _pair(found.interval)},
    }


def gap_row(found: Gap) -> dict[str, object]:
    """One row of `gaps`: how far a model's worst group lies behind its best at one origin."""
    return {
        "model": found.model,
        "origin": found.origin,
        "by": found.by,
        "best": found.best,
        "worst": found.worst,
        "gap": found.gap,
        "ci": {"gap": _pair(found.interval)},
    }


def _difference(difference: Difference) -> dict[str, object]:
    return {
        "reference": difference.reference,
        **{name: _paired(each) for name, each in difference.figures.items()},
    }


def _paired(found: Paired) -> dict[str, object]:
    return {
        "difference": found.difference,
        "ratio": found.ratio,
        "p": found.p,
        "ci": {
            "difference": _pair(found.interval),
            "ratio": None if found.ratio_interval is None else _pair(found.ratio_interval),
        },
    }


def _pair(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
