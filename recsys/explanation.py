"""Explanation: which purchases or neighbours carried a recommendation, in figures and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, Self

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
        sentence: the reason, said to the customer.
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
    sentence="Many customers buy it at present.",
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
    tell = _Told.of(history, held, catalogue, basket=basket)
    shares = np.maximum(model.contributions(history, variants), 0)  # (M, n)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    largest = _largest(shares, MOST_REASONS)
    return [
        tuple(
            tell.reason(variant, place, share)
            for place, share in zip(places, shares[row, places].tolist(), strict=True)
            if share > 0
        )
        or (POPULAR,)
        for row, (variant, places) in enumerate(
            zip(variants.tolist(), largest.tolist(), strict=True)
        )
    ]


def _largest(shares: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """(M, most or fewer) columns of each row's largest shares, largest first; ties by column."""
    left = shares.copy()
    columns = []
    for _ in range(min(most, shares.shape[1])):
        columns.append(left.argmax(axis=1))
        left[np.arange(len(left)), columns[-1]] = -1
    return np.stack(columns, axis=1) if columns else np.zeros((len(shares), 0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Told:
    """Puts into words what the variants of one history carried.

    Attributes:
        held: (n,) positions of those variants.
        times: (n,) how often the customer bought each.
        youngest: (n,) days since they last did; infinite where they never did.
        as_of: the moment that the days count from.
        catalogue: names of the variants.
        basket: the history is what lies in a visitor's basket.
    """

    held: NDArray[np.int32]
    times: NDArray[np.int64]
    youngest: NDArray[np.float32]
    as_of: np.datetime64
    catalogue: Catalogue
    basket: bool

    @classmethod
    def of(
        cls, history: Interactions, held: NDArray[np.int32], catalogue: Catalogue, *, basket: bool
    ) -> Self:
        """What one customer's history says of each variant held; see the class."""
        bought = history.bought()
        place = np.searchsorted(held, history.variant[bought])
        youngest = np.full(len(held), np.inf, dtype=np.float32)
        np.minimum.at(youngest, place, history.age[bought])
        return cls(
            held=held,
            times=np.bincount(place, minlength=len(held)),
            youngest=youngest,
            as_of=history.as_of,
            catalogue=catalogue,
            basket=basket,
        )

    def reason(self, variant: int, place: int, share: float) -> Reason:
        """Why a variant is recommended, as far as the history's variant at `place` goes."""
        carrier = int(self.held[place])
        title = self.catalogue.label(carrier)
        repeat = carrier == variant
        return Reason(
            kind="repeat" if repeat else "together",
            variant_id=str(self.catalogue.variants[carrier]),
            title=title,
            share=share,
            sentence=(
                self._repeat(place) if repeat else f"It goes with {title}, {self._how(place)}."
            ),
        )

    def _repeat(self, place: int) -> str:
        """How often and when last the customer took the variant."""
        if self.basket:
            return "It is in your basket."
        times = int(self.times[place])
        if not times:
            return "You looked at it."
        ago = np.timedelta64(math.ceil(float(self.youngest[place]) * 86_400), "s")
        day = (self.as_of - ago).astype("datetime64[D]").item()
        last = f"{day.day} {day:%B %Y}"
        if times == 1:
            return f"You bought it on {last}."
        return f"You bought it {'twice' if times == 2 else f'{times} times'}, last on {last}."

    def _how(self, place: int) -> str:
        """How a variant of the history came into it."""
        if self.basket:
            return "which is in your basket"
        return "which you bought" if self.times[place] else "which you looked at"
