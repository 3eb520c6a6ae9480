"""What the recommender answers: a list of variants with its reasons, and who made it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from recsys.lists.reasons import Reason

Fallback = Literal["popular", "popular_in_region"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One recommended variant.

    Attributes:
        rank: 1 for the best.
        variant_id: the variant.
        style_id: its style.
        title: its name for people; empty where there is none.
        score: the score of its place; only its order within the list means anything. Where a list
            holds few variants of a style, the place is the style's, and the variant that is shown
            there the one that the customer most likely takes.
        reasons: why, the largest first; never empty.
    """

    rank: int
    variant_id: str
    style_id: str
    title: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the reader of a list should know of it as a whole.

    Attributes:
        code: stable, for programs; `empty.…` says which rule left nothing to show.
        text: the same for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationList:
    """The recommendations of one request, best first.

    Attributes:
        customer_id: for whom; None for a basket or a variant.
        model: name of the model that made the list.
        fallback: where nothing is known to go by, what stood in for it: what is popular, or popular
            in the customer's region; None otherwise.
        as_of: the moment up to which everything was known.
        recommendations: each variant at most once.
        notes: why the list is empty, which boosts have ended, which ids of the rules nobody knows.
    """

    customer_id: str | None
    model: str
    fallback: Fallback | None
    as_of: np.datetime64
    recommendations: tuple[Recommendation, ...]
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, numbers as numbers."""
        return {
            "customer_id": self.customer_id,
            "model": self.model,
            "fallback": self.fallback,
            "as_of": str(self.as_of.astype("datetime64[s]")),
            "recommendations": [asdict(one) for one in self.recommendations],
            "notes": [asdict(note) for note in self.notes],
        }
