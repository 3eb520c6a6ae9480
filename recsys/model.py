"""The contract that every preference model honours (tests/recsys/conformance.py proves it).

A model is fitted once on the interactions of all customers and then scores histories: the
arrays it was fitted on, a few customers' rows of them, or a history with events of a minute
ago. It never sees a customer's identity, only the history, so batch equals one by one and a
customer unknown at training is scored like any other. What may be shown (seen variants,
discontinued ones, rules) is the business of `recsys.ranking`, not of a model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search looks for a hyperparameter; an annotation on a field of `Settings`.

    Attributes:
        low: least value tried.
        high: largest value tried.
        log: whether it is the ratio of two values that matters, and not their difference.
    """

    low: float
    high: float
    log: bool = True


class Settings(BaseModel):
    """Hyperparameters of a model: one validated class a model, a docstring under every field.

    A field that is worth searching says where: `alpha: Annotated[PositiveFloat, Search(1, 100)]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Options of one run, apart from what a model is.

    Attributes:
        seed: the only source of randomness.
        threads: threads that a fit or a scoring may use; None leaves it to the model: one, but
            every core where a fit would take minutes. Scores depend on it in their last bits at
            most.
    """

    seed: int = 0
    threads: int | None = None


class Model(ABC):
    """A preference model: fit on all customers' interactions, then score histories."""

    name: ClassVar[str]
    """Its name in commands, evaluation tables and manifests."""

    cold: ClassVar[bool] = False
    """Whether a variant that nobody has taken yet is scored from its attributes."""

    settings: Settings

    @classmethod
    @abstractmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """An unfitted model; settings that are left out have their defaults.

        Raises:
            pydantic.ValidationError: a setting that does not exist or is out of bounds.
        """

    @abstractmethod
    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Learn from all customers' interactions; deterministic for a seed.

        Args:
            interactions: all lines before the moment of the fit.
            catalogue: the attributes of `interactions.variants`, in the same order; what a model
                does not need it leaves alone.
            run: seed and threads.
        """

    @abstractmethod
    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """Preference of each customer for each variant; higher is better, always finite.

        Args:
            histories: the customers' lines, over the variants that the model was fitted on.

        Returns:
            (customers, variants) float32. A variant that nobody took before the fit, and that
            the history does not hold, comes after every other, unless the model scores by
            attributes (`cold`).
        """

    @abstractmethod
    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What each variant of one customer's history carried of some variants' scores.

        For models that are linear in the history a row adds up to the score, but for a part of
        it that no line of the history carries.

        Args:
            history: one customer's lines.
            variants: (M,) positions of the scored variants.

        Returns:
            (M, n) float32, in the score's own unit, for `history.held()`; parts may be negative.
        """

    @abstractmethod
    def similar(self, variant: int) -> NDArray[np.float32]:
        """(V,) float32: likeness of each variant to one; the variant itself has -inf."""

    def facts(self) -> Mapping[str, object]:
        """What a person should know of this fit, as JSON would hold it; kept in the manifest."""
        return {}

    @abstractmethod
    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """All that was learned, as arrays; with `settings` it restores the model."""

    @abstractmethod
    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take up a learned state; the restored model scores exactly like the fitted one."""


@runtime_checkable
class Factorized(Protocol):
    """A model whose score is the product of a customer's vector and a variant's.

    A model joins by having these three; `recsys.ranking` and `recsys.retrieval` then need no
    matrix of customers by variants.
    """

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants whose product is their score; others score the least of them."""
        ...

    def vectors(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, F) float32: each customer's vector, from the history alone."""
        ...

    def variant_vectors(self) -> NDArray[np.float32]:
        """(V, F) float32: each variant's vector, not to be written to."""
        ...


def put_last(scores: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
    """Give the variants that nobody took the least score of the others, in place.

    Args:
        scores: (U, V) float32.
        known: (V,) bool, the variants that anybody took; at least one.
    """
    unknown = np.flatnonzero(~known)
    if len(unknown):
        scores[:, unknown] = np.inf
        scores[:, unknown] = scores.min(axis=1, keepdims=True)


def headed(state: Mapping[str, NDArray[np.generic]], head: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of a state whose names begin with a head, without it."""
    return {name.removeprefix(head): state[name] for name in state if name.startswith(head)}
