"""Explanation: which purchases or neighbours carried a recommendation, in figures and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model

MOST_REASONS: Final = 3

Kind = Literal["repeat", "together", "popular", "style"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a recommendation.

    Attributes:
        kind: the customer's own earlier taking of the variant; another variant that goes with
            it; what everybody takes; another variant of the same style.
        variant_id: the variant of the history that carried it; None where none did.
        title: its name for people.
        share: its part of all that spoke for the recommendation, from 0 to 1.
        sentence: the reason for people.
    """

    kind: Kind
    variant_id: str | None
    title: str
    share: float
    sentence: str


POPULAR: Final = Reason(
    kind="popular",
    variant_id=None,
    title="",
    share=1.0,
    sentence="Many customers take it at present.",
)


def explain(
    model: Model,
    history: Interactions,
    variants: NDArray[np.integer],
    catalogue: Catalogue,
    *,
    basket: bool = False,
) -> list[tuple[Reason, ...]]:
    """The reasons for each recommended variant, at most `MOST_REASONS` of them, largest first.

    Where no line of the history speaks for a variant, the reason is its popularity.

    Args:
        model: the model that scored.
        history: one customer's lines.
        variants: (M,) positions of the recommended variants.
        catalogue: names of the variants.
        basket: the history is what lies in a visitor's basket.
    """
    held = history.held()  # (n,)
    tell = _Told(history, catalogue, basket)
    shares = np.maximum(model.contributions(history, variants), 0)  # (M, n)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    largest = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_REASONS]
    return [
        tuple(
            tell.reason(variant, int(held[column]), float(shares[row, column]))
            for column in largest[row]
            if shares[row, column] > 0
        )
        or (POPULAR,)
        for row, variant in enumerate(variants.tolist())
    ]


@dataclass(frozen=True, slots=True)
class _Told:
    """Puts into words what one history carried."""

    history: Interactions
    catalogue: Catalogue
    basket: bool

    def reason(self, variant: int, carrier: int, share: float) -> Reason:
        """Why a variant is recommended, as far as `carrier` goes."""
        title = self.catalogue.label(carrier)
        repeat = carrier == variant
        return Reason(
            kind="repeat" if repeat else "together",
            variant_id=str(self.catalogue.variants[carrier]),
            title=title,
            share=share,
            sentence=(
                self._repeat(variant) if repeat else f"It goes with {title}, {self._how(carrier)}."
            ),
        )

    def _repeat(self, variant: int) -> str:
        """How often and when last the customer took the variant."""
        if self.basket:
            return "It lies in the basket."
        bought = (self.history.variant == variant) & self.history.bought()
        if not bought.any():
            return "The customer has looked at it."
        times = int(bought.sum())
        ago = np.timedelta64(math.ceil(float(self.history.age[bought].min()) * 86_400), "s")
        last = (self.history.as_of - ago).astype("datetime64[D]")
        often = {1: "once", 2: "twice"}.get(times, f"{times} times")
        return f"The customer has bought it {often}, last on {last}."

    def _how(self, carrier: int) -> str:
        """How a variant of the history came into it."""
        if self.basket:
            return "which lies in the basket"
        own = self.history.variant == carrier
        bought = self.history.bought()[own].any()
        return "which the customer has " + ("bought" if bought else "looked at")
