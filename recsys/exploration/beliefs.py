"""Beliefs: what the log of served lists says of how customers respond to each variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRIOR_SERVINGS: Final = 20.0
"""So many servings the model's word on a variant is worth, against those that were counted."""

PRIOR_RATE: Final = 0.05
"""Responses a serving, where no list has been served yet."""

_RATES: Final = (1e-4, 0.5)  # of priors: beyond, a beta distribution is all but a point at an end


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beliefs:
    """Servings and responses of variants.

    A serving counts as much as lists at its place are responded to, relative to all places, so
    that a variant is not thought liked because it stood at the top (clicks over expected clicks;
    Zhang and Jones 2007).

    Attributes:
        counts: index variant_id; float64 columns `servings` (weighted by place) and `responses`.
        rate: responses a serving over all variants.
    """

    counts: pd.DataFrame
    rate: float

    @classmethod
    def of(cls, served: pd.DataFrame) -> Beliefs:
        """What served places say.

        Args:
            served: one row a place of a served list: `variant_id`, `position` (from 1) and
                `reward` (0 or 1, whether the customer responded).
        """
        if not len(served):
            return NO_BELIEFS
        reward = served["reward"].astype(np.float64)
        rate = (reward.sum() + PRIOR_SERVINGS * PRIOR_RATE) / (len(served) + PRIOR_SERVINGS)
        by_place = reward.groupby(served["position"]).agg(["sum", "size"])
        at_place = (by_place["sum"] + PRIOR_SERVINGS * rate) / (by_place["size"] + PRIOR_SERVINGS)
        weight = served["position"].map(at_place / rate)
        frame = pd.DataFrame(
            {"variant_id": served["variant_id"], "servings": weight, "responses": reward}
        )
        counts = frame.groupby("variant_id", sort=True)[["servings", "responses"]].sum()
        return cls(counts=counts, rate=float(rate))

    def posterior(
        self, variants: Sequence[str], scores: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The beta distributions of candidates' response rates.

        The model's score makes the prior: its mean is the overall rate times exp(z) over the
        candidates' mean of exp(z), z the score in standard deviations over the candidates, and it
        is worth `PRIOR_SERVINGS`. What was counted is added.

        Args:
            variants: M candidates.
            scores: (M,) what the model says of them, finite.

        Returns:
            (M,) float64 each: alpha and beta, above 0.
        """
        values = np.asarray(scores, dtype=np.float64)
        deviation = float(values.std())
        z = (values - values.mean()) / (deviation if deviation > 0 else 1.0)
        likely = np.exp(z)
        prior = np.clip(self.rate * likely / likely.mean(), *_RATES)
        counted = self.counts.reindex(pd.Index(variants), fill_value=0.0).to_numpy(np.float64)
        servings, responses = counted[:, 0], counted[:, 1]
        alpha = PRIOR_SERVINGS * prior + responses
        beta = PRIOR_SERVINGS * (1 - prior) + np.maximum(servings - responses, 0.0)
        return alpha, beta


NO_BELIEFS: Final = Beliefs(
    counts=pd.DataFrame({"servings": [], "responses": []}, dtype=np.float64), rate=PRIOR_RATE
)
"""Nothing has been served yet: the model's word alone."""
