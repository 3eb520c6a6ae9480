"""What an evaluation found: figures of every kind, and the lists that they are read off."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from recsys.evaluation.beyond import Beyond
from recsys.evaluation.comparison import Figures
from recsys.evaluation.groups import Gap, GroupFigures
from recsys.evaluation.rows import (
    beyond_row,
    comparison_row,
    gap_row,
    group_row,
    model_row,
    summary_row,
)
from recsys.registry import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        k: length of the lists.
        settings: how it was made, as JSON would hold it.
        origins: facts of each split, as JSON would hold them.
        figures: one row a model, origin and slice.
        summary: one row a model and slice, over the origins together.
        beyond: figures beyond accuracy, one row a model and origin.
        groups: NDCG by group of customers, one row a model, origin and group.
        gaps: from the best to the worst of them.
        predictions: the lists themselves: `PREDICTION_COLUMNS`, only real recommendations, by
            origin, model, customer and rank.
    """

    k: int
    settings: dict[str, object]
    origins: tuple[dict[str, object], ...]
    figures: tuple[Figures, ...]
    summary: tuple[Figures, ...]
    beyond: tuple[Beyond, ...]
    groups: tuple[GroupFigures, ...]
    gaps: tuple[Gap, ...]
    predictions: pd.DataFrame

    def to_json(self) -> dict[str, object]:
        """The evaluation without its lists, ready for `json.dumps`."""
        return {
            "k": self.k,
            "default": DEFAULT,
            "settings": self.settings,
            "origins": list(self.origins),
            "models": [model_row(each) for each in self.figures],
            "comparisons": [
                comparison_row(each, each.difference)
                for each in self.figures
                if each.difference is not None
            ],
            "summary": [summary_row(each) for each in self.summary],
            "beyond": [beyond_row(each) for each in self.beyond],
            "groups": [group_row(each) for each in self.groups],
            "gaps": [gap_row(each) for each in self.gaps],
        }
