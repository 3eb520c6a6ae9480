"""How often the right entry is found for questions that were asked in other words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from recsys.answers.knowledge import Knowledge

CUTS: Final = (1, 3)
ALL: Final = "all"
_Z: Final = 1.959964
"""Quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of questions, with Wilson's 95 % interval."""

    hits: int
    of: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """Figures of one language, or of all.

    Attributes:
        language: which one.
        recall: by k, of the questions that an entry answers: those that find it among the first k,
            however low its score.
        unanswered: of these, those that find nothing with a score that suffices.
        refused: of the questions that nothing answers: those that rightly find nothing.
    """

    language: str
    recall: dict[int, Share]
    unanswered: Share
    refused: Share

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def share(hits: int, of: int) -> Share:
    """A share and where it may lie (Wilson, "Probable Inference", JASA 1927).

    >>> share(9, 10).low < 0.9 < share(9, 10).high
    True
    """
    if not of:
        return Share(hits=0, of=0, value=None, low=0.0, high=1.0)
    part, slack = hits / of, _Z * _Z / of
    middle = (part + slack / 2) / (1 + slack)
    width = _Z * float(np.sqrt(part * (1 - part) / of + slack / (4 * of))) / (1 + slack)
    return Share(hits=hits, of=of, value=part, low=middle - width, high=middle + width)


def evaluate_answers(knowledge: Knowledge, questions: pd.DataFrame) -> list[AnswerFigures]:
    """Ask every question, and look for its entry.

    Args:
        knowledge: what is asked.
        questions: question, answer_id (missing: nothing answers it), and language, if known.
    """
    found = [
        _Asked(
            ranked=[one.answer_id for one in knowledge.find(str(asked), max(CUTS), least=0)],
            silent=not knowledge.find(str(asked), 1),
            wanted=None if pd.isna(wanted) else str(wanted),
        )
        for asked, wanted in zip(questions["question"], questions["answer_id"], strict=True)
    ]
    languages = (
        [ALL] * len(found)
        if "language" not in questions
        else ["" if pd.isna(one) else str(one) for one in questions["language"]]
    )
    names = [ALL, *sorted(set(languages) - {ALL, ""})]
    asked = list(zip(found, languages, strict=True))
    return [
        _figures(name, [one for one, language in asked if name in {ALL, language}])
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question found: entries in order, whether none suffices, and the right one."""

    ranked: list[str]
    silent: bool
    wanted: str | None


def _figures(language: str, asked: list[_Asked]) -> AnswerFigures:
    answerable = [one for one in asked if one.wanted is not None]
    other = [one for one in asked if one.wanted is None]
    return AnswerFigures(
        language=language,
        recall={
            k: share(sum(one.wanted in one.ranked[:k] for one in answerable), len(answerable))
            for k in CUTS
        },
        unanswered=share(sum(one.silent for one in answerable), len(answerable)),
        refused=share(sum(one.silent for one in other), len(other)),
    )
