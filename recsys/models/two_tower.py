"""Two-tower: customers and variants as vectors of one space, both told from what they are.

One tower makes a vector of a customer's history, the other of a variant's attributes; their
cosine, over a temperature, is the preference (Yi et al., "Sampling-Bias-Corrected Neural Modeling
for Large Corpus Item Recommendations", RecSys 2019; catalogues here are small enough for the full
softmax, which needs no correction). Variants have an embedding of their own beside their
attributes, and in training it is often left out (Volkovs, Yu and Poutanen, "DropoutNet: Addressing
Cold Start in Recommender Systems", NeurIPS 2017), so that the attributes learn to stand alone:
a variant that nobody has taken is scored from them.

torch is needed to train alone: what is learned are a few matrices, and scoring is numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse

from recsys.attributes import AttributeShares, encode, log_prices
from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings
from recsys.models.examples import Examples, of_parts, of_windows

BUCKETS: Final = 2**15
"""Columns that each kind of attribute is hashed to."""


class TwoTowerSettings(Settings):
    """Hyperparameters of the two-tower model."""

    dimension: Annotated[int, Field(ge=1, le=1_024), Search(32, 256)] = 64
    """Length of a customer's and a variant's vector."""

    recency_days: Annotated[PositiveFloat, Search(30, 300)] = 90.0
    """e-folding time of a line's weight in a history, in days."""

    window_days: PositiveFloat = 28.0
    """Days in which what a customer takes counts as taken next."""

    windows: PositiveInt = 9
    """How many such windows before the fit are learned from, each by the histories before it."""

    temperature: Annotated[PositiveFloat, Search(0.05, 0.5)] = 0.2
    """What a cosine is divided by: the less, the sharper the softmax."""

    id_dropout: Annotated[float, Field(ge=0, le=1), Search(0.1, 0.7, log=False)] = 0.5
    """How often a variant's own embedding is left out in training."""

    epochs: Annotated[int, Field(ge=0, le=1_000), Search(5, 60)] = 20
    """Passes over the examples."""

    learning_rate: Annotated[PositiveFloat, Search(3e-4, 1e-2)] = 3e-3
    """Step of AdamW at the start; it falls to 0 along a half cosine."""

    weight_decay: Annotated[NonNegativeFloat, Search(1e-3, 1)] = 0.05
    """What AdamW draws the weights to 0 by."""

    batch_size: PositiveInt = 256
    """Histories a step."""

    shares: AttributeShares = AttributeShares()
    """What each kind of attribute counts in a variant's features."""


class TwoTower(Model):
    """Score: cos(sum of recency * h_j over the history, w_v) / temperature + b_v.

    h, w and b are what the towers make of each variant: its attributes, and its own embedding
    where anybody took it. An epoch takes O(examples * variants * dimension); a score is one
    product of sparse lines and one of (customers, D) by (D, variants).
    """

    name: ClassVar[str] = "two_tower"
    cold: ClassVar[bool] = True
    settings: TwoTowerSettings

    def __init__(self, settings: TwoTowerSettings | None = None) -> None:
        self.settings = settings or TwoTowerSettings()
        self._taken: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, D)
        self._wanted: NDArray[np.float32] = np.zeros((0, 1), dtype=np.float32)  # (V, D + 1)
        self._losses: list[float] = []

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(TwoTowerSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Train both towers; on a graphics card where there is one."""
        # torch takes seconds to load, which no other model should cost
        from recsys.models.training import confined  # noqa: PLC0415
        from recsys.models.two_tower_net import Attributes, Shape, Towers, train  # noqa: PLC0415

        known = np.bincount(interactions.variant, minlength=interactions.shape[1]) > 0
        features, numbers = self._attributes(catalogue, known)
        shape = Shape(**{name: getattr(self.settings, name) for name in Shape.__slots__})
        random = np.random.default_rng(run.seed)
        with confined(seed=run.seed, threads=run.threads, variants=len(known)) as device:
            towers = Towers(Attributes.of(features[known], numbers[known], device), shape)
            towers.to(device)
            self._losses = train(
                towers,
                self._examples(_among(interactions, known), random),
                epochs=self.settings.epochs,
                random=random,
                device=device,
            )
            everything = Attributes.of(features, numbers, device)
            self._taken, wanted, bias = towers.of_all(everything, known)
        self._wanted = np.column_stack((wanted / np.float32(self.settings.temperature), bias))
        return self

    def _attributes(
        self, catalogue: Catalogue, known: NDArray[np.bool_]
    ) -> tuple[sparse.csr_matrix[np.float32], NDArray[np.float32]]:
        """(V, F) features that some known variant has, for others teach nothing; (V, P) numbers."""
        features = encode(catalogue, known=known, shares=self.settings.shares, buckets=BUCKETS)
        used = np.unique(features[known].indices)
        return features[:, used], np.column_stack(log_prices(catalogue.prices, known))

    def _examples(
        self, interactions: Interactions, random: np.random.Generator
    ) -> Callable[[int], Examples]:
        """What followed what; where times tell nothing, what belongs together, anew each epoch."""
        days = self.settings.recency_days
        timed = of_windows(
            interactions,
            recency_days=days,
            window_days=self.settings.window_days,
            windows=self.settings.windows,
        )
        if len(timed):
            return lambda epoch: timed  # noqa: ARG005  # the same every epoch
        return lambda epoch: of_parts(interactions, recency_days=days, random=random)  # noqa: ARG005

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class; equal to one-by-one but for float32 rounding of the product."""
        scores: NDArray[np.float32] = self.vectors(histories) @ self._wanted.T
        return scores

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: every variant, for one that nobody took is scored from its attributes."""
        return np.ones(len(self._wanted), dtype=bool)

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, D + 1) float32: the variants as wanted, over the temperature, and their bias."""
        return self._wanted

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, D + 1) float32: each history's direction, zero for an empty one, and a 1."""
        people = np.asarray(histories.recent(self.settings.recency_days) @ self._taken)  # (U, D)
        return np.column_stack((people / _lengths(people), np.ones_like(people[:, :1])))

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Each taken variant's part of the history's vector, in the direction of the scored one.

        A row adds up to the score but for the scored variant's b, which no line carries.
        """
        recent = history.recent(self.settings.recency_days)  # (1, V)
        parts = self._taken[recent.indices] * recent.data[:, None]  # (n, D)
        length = _lengths(np.asarray(recent @ self._taken))  # (1, 1)
        shares: NDArray[np.float32] = self._wanted[variants, :-1] @ (parts / length).T
        return shares

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Cosine of the variants as they are wanted."""
        wanted = self._wanted[:, :-1]
        likeness: NDArray[np.float32] = wanted @ wanted[variant]
        likeness *= np.float32(self.settings.temperature**2)
        likeness[variant] = -np.inf
        return likeness

    def facts(self) -> Mapping[str, object]:
        """The mean loss of the first and the last epoch."""
        return {"losses": [self._losses[0], self._losses[-1]]} if self._losses else {}

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """What scoring needs: every variant's vectors and bias."""
        return {
            "taken": self._taken,
            "wanted": self._wanted[:, :-1].copy(),
            "bias": self._wanted[:, -1].copy(),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._taken = state["taken"].astype(np.float32, copy=False)
        self._wanted = np.column_stack((state["wanted"], state["bias"])).astype(np.float32)
        return self


def _among(lines: Interactions, known: NDArray[np.bool_]) -> Interactions:
    """The lines over the variants that somebody took alone."""
    place = np.cumsum(known, dtype=np.int32) - 1
    return replace(lines, variants=lines.variants[known], variant=place[lines.variant])


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(U, 1) float32: length of each row; 1 where it is 0, as an empty history's."""
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return lengths
