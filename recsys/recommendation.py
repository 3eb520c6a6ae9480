"""What the recommender answers: a list of variants with its reasons, and who made it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from recsys.explanation import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One recommended variant.

    Attributes:
        rank: 1 for the best.
        variant_id: the variant.
        style_id: its style.
        title: its name for people; empty where there is none.
        score: the model's score; only its order means anything.
        reasons: why, the largest first; never empty.
    """

    rank: int
    variant_id: str
    style_id: str
    title: str
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationList:
    """The recommendations of one request, best first.

    Attributes:
        customer_id: for whom; None for a basket or a variant.
        model: name of the model that made the list.
        fallback: "popular" where nothing is known to go by; None otherwise.
        as_of: the moment up to which everything was known.
        recommendations: each variant at most once.
    """

    customer_id: str | None
    model: str
    fallback: Literal["popular"] | None
    as_of: np.datetime64
    recommendations: tuple[Recommendation, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, numbers as numbers."""
        return {
            "customer_id": self.customer_id,
            "model": self.model,
            "fallback": self.fallback,
            "as_of": str(self.as_of.astype("datetime64[s]")),
            "recommendations": [asdict(one) for one in self.recommendations],
        }
