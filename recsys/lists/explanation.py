"""Explanation: which purchases or neighbours carried a recommendation, in figures and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self, TypeGuard

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.lists.reasons import MOST_REASONS, POPULAR, UNTRIED, Kind, Reason
from recsys.model import Model


class Neighbourly(Protocol):
    """A model that scores by what like customers took, and can tell how many they were."""

    def neighbours(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        """How many of the customer's neighbours took each variant, and what that carried.

        Args:
            history: one customer's lines.
            variants: (M,) positions of the scored variants.

        Returns:
            (M,) customers; (M,) float32, their part of the score in the unit of `contributions`.
        """


def explain(
    model: Model,
    history: Interactions,
    variants: NDArray[np.integer],
    catalogue: Catalogue,
    *,
    basket: bool = False,
    earners: NDArray[np.integer] | None = None,
    popularity: NDArray[np.float32] | None = None,
) -> list[tuple[Reason, ...]]:
    """The reasons for each recommended variant, at most `MOST_REASONS` of them, largest first.

    Where nothing that the customer did speaks for a variant, the reason is its popularity.

    Args:
        model: the model that scored.
        history: one customer's lines.
        variants: (M,) positions of the recommended variants.
        catalogue: names of the variants.
        basket: the history is what lies in a visitor's basket.
        earners: (M,) the variants whose scores earned the places, where others of their styles are
            shown there.
        popularity: (V,) lines of each variant; what has none is not called popular.
    """
    held = history.held()  # (n,)
    tell = _Told.of(history, held, catalogue, basket=basket)
    scored = variants if earners is None else earners
    carried = np.maximum(model.contributions(history, scored), 0)  # (M, n)
    alike: NDArray[np.integer] = np.zeros(len(variants), dtype=np.int64)
    near = np.zeros(len(variants), dtype=np.float32)
    if _neighbourly(model):
        alike, near = model.neighbours(history, scored)
        near = np.where(alike > 0, np.maximum(near, 0), 0).astype(np.float32)
    total = np.maximum(carried.sum(axis=1) + near, np.finfo(np.float32).tiny)
    shares = np.column_stack([carried, near]) / total[:, None]  # (M, n + 1), neighbours last
    largest = _largest(shares, MOST_REASONS)
    return [
        tuple(
            tell.reason(variant, place, share) if place < len(held) else _neighbours(count, share)
            for place, share in zip(places, shares[row, places].tolist(), strict=True)
            if share > 0
        )
        or (unspoken(popularity, variant),)
        for row, (variant, places, count) in enumerate(
            zip(variants.tolist(), largest.tolist(), alike.tolist(), strict=True)
        )
    ]


def _neighbourly(model: Model) -> TypeGuard[Neighbourly]:
    """Whether the model can tell of neighbours; asking a protocol itself takes ten times longer."""
    return hasattr(model, "neighbours")


def unspoken(
    popularity: NDArray[np.float32] | None, variant: int, popular: Reason = POPULAR
) -> Reason:
    """The reason where nothing that the customer did is one.

    Args:
        popularity: (V,) lines of each variant; None where they are not known.
        variant: position of the variant.
        popular: the reason if anybody took it.
    """
    return popular if popularity is None or popularity[variant] > 0 else UNTRIED


def _neighbours(count: int, share: float) -> Reason:
    people = "A customer" if count == 1 else f"{count:,} customers"
    return Reason(
        kind="neighbours",
        variant_id=None,
        title="",
        share=share,
        sentence=f"{people} with a taste like yours took it.",
    )


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
        kind: Kind = "together"
        sentence = f"It goes with {title}, {self._how(place)}."
        if carrier == variant:
            kind, sentence = "repeat", self._repeat(place)
        elif self.catalogue.styles[carrier] == self.catalogue.styles[variant]:
            kind, sentence = "style", f"It is of the same style as {title}, {self._how(place)}."
        return Reason(
            kind=kind,
            variant_id=str(self.catalogue.variants[carrier]),
            title=title,
            share=share,
            sentence=sentence,
        )

    def _repeat(self, place: int) -> str:
        """How often and when last the customer took the variant."""
        if self.basket:
            return "It is in your basket."
        times = int(self.times[place])
        if not times:
            return "You showed interest in it."
        day = self._last_day(place)
        last = f"{day.day} {day:%B %Y}"
        if times == 1:
            return f"You bought it on {last}."
        return f"You bought it {'twice' if times == 2 else f'{times} times'}, last on {last}."

    def _last_day(self, place: int) -> date:
        """The day when the customer last bought the variant.

        An age is a float32 that was rounded twice. Two of its steps are taken off, lest a line at
        midnight, where a file without hours has them all, be told of the day before.
        """
        age = self.youngest[place]
        days = float(age) - 2 * float(np.spacing(age))
        ago = np.timedelta64(math.ceil(days * 86_400e6), "us")
        day: date = (self.as_of - ago).astype("datetime64[D]").item()
        return day

    def _how(self, place: int) -> str:
        """How a variant of the history came into it."""
        if self.basket:
            return "which is in your basket"
        return "which you bought" if self.times[place] else "which you showed interest in"
