"""Ideal low-pass graph filter: a history seen through the tastes that many customers share.

The second part of GF-CF (Shen et al., "How Powerful is Graph Convolution for Recommendation?",
CIKM 2021) by itself: with V the leading right singular vectors of D_u^-a R D_i^-b, a history X is
scored by X D_i^-h V V' D_i^-s. GF-CF has a = b = h = 1/2 and s = -1/2. A smaller a, which listens
more to customers who take much, and more vectors were better (benchmarks/gowalla.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings, put_last
from recsys.spectrum import gainful_threads, leading, popularity_of, power_of, scaled


class LowPassSettings(Settings):
    """Hyperparameters of the ideal low-pass filter; defaults by benchmarks/gowalla.py."""

    recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 90.0
    """e-folding time of a line's weight, in days."""

    rank: Annotated[PositiveInt, Search(16, 2048)] = 1024
    """Singular vectors, the tastes that are told apart."""

    most_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """At most this share of the customers or variants, whichever are fewer, counts as tastes:
    with all of them a history would only score itself."""

    customer_exponent: Annotated[float, Field(ge=0, le=2), Search(0, 1, log=False)] = 0.25
    """a: a customer's lines are divided by how much they took, to this power."""

    variant_exponent: Annotated[float, Field(ge=0, le=2), Search(0, 1, log=False)] = 0.45
    """b: a variant's lines are divided by its popularity, to this power."""

    history_exponent: Annotated[float, Field(ge=-2, le=2), Search(-0.2, 0.8, log=False)] = 0.2
    """h: a line of the history to be scored is divided by its variant's popularity, to this
    power."""

    score_exponent: Annotated[float, Field(ge=-2, le=2), Search(-0.8, 0.2, log=False)] = -0.3
    """s: a score is divided by its variant's popularity, to this power (below 0, multiplied)."""


class LowPass(Model):
    """Score: a customer's vector X D_i^-h V times a variant's V' D_i^-s.

    A fit takes O(rank * lines + rank^2 * (customers + variants)), a score O(rank * variants).
    """

    name: ClassVar[str] = "low_pass"
    settings: LowPassSettings

    def __init__(self, settings: LowPassSettings | None = None) -> None:
        self.settings = settings or LowPassSettings()
        self._inward: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, F) D^-h V
        self._outward: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, F) D^-s V
        self._known: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # (V,) anybody took it

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(LowPassSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:  # noqa: ARG002  # the contract
        """Find the leading singular vectors."""
        chosen = self.settings
        recent = interactions.recent(chosen.recency_days)  # (U, V)
        rows = scaled(recent, chosen.customer_exponent, chosen.variant_exponent)
        self._known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        fewer = min(rows.shape[0], int(self._known.sum()))
        rank = min(chosen.rank, ceil(chosen.most_share * fewer))
        with threadpool_limits(run.threads or gainful_threads(rows, rank), user_api="blas"):
            _, vectors = leading(rows, rank, seed=run.seed)
        popularity = popularity_of(interactions, chosen.recency_days)
        self._inward = vectors * power_of(popularity, -chosen.history_exponent)[:, None]
        self._outward = vectors * power_of(popularity, -chosen.score_exponent)[:, None]
        return self

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._known

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, F) float32: how much of each taste the customers' recent lines have."""
        recent = histories.recent(self.settings.recency_days)
        return np.asarray(recent @ self._inward)

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, F) float32: how much of each taste a variant has; zeros for one that nobody took."""
        return self._outward

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """The product of the vectors; what nobody ever took comes last."""
        scores: NDArray[np.float32] = self.vectors(histories) @ self._outward.T
        put_last(scores, self._known)
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The recency of what the customer took times the tastes it shares with the scored."""
        recent = history.recent(self.settings.recency_days)  # (1, V)
        held = self._inward[recent.indices] * recent.data[:, None]  # (n, F)
        shares: NDArray[np.float32] = self._outward[variants] @ held.T
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """What taking the variant adds to the others' scores."""
        likeness: NDArray[np.float32] = self._outward @ self._inward[variant]
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"inward": self._inward, "outward": self._outward, "known": self._known}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._inward = state["inward"].astype(np.float32, copy=False)
        self._outward = state["outward"].astype(np.float32, copy=False)
        self._known = state["known"].astype(bool, copy=False)
        return self
