"""Likings: what the customers of a group take more than all others do.

A customer's lines are shares of one, so that a wholesaler weighs no more than anybody. A feature
is a word of the title, a value of an attribute column or a variant itself. With s its mean share
over the group's customers and r over all others, lift is s / r, and features are ordered by
s ln(s / r), their part of the divergence of the group from the others (Kullback and Leibler 1951):
what is both frequent and telling comes first. What fewer than `least` customers of the group took
is never shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.attributes import words_of
from recsys.catalogue import Catalogue
from recsys.interactions import Interactions

LOWEST_LIFT: Final = 1.2
"""Below it a liking is no news."""

MOST_VALUES: Final = 2_000
"""Features of a kind that are looked at: the most frequent."""

FEWEST_VARIANTS: Final = 3
"""Variants that share a word before it says something of more than one product."""

SHORTEST_WORD: Final = 3

STEM: Final = 4
"""Letters by which two values are taken for one where only the first can be told."""

EMPTY_WORDS: Final = frozenset(
    ["and", "the", "with", "for", "set", "pack", "asstd", "assorted", "from", "small", "large",
     "medium", "mini", "box"]
)  # fmt: skip
"""Words that name a packing or a size of it, or nothing."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Liking:
    """Something that a group takes more than others.

    Attributes:
        kind: "word", "variant", or the attribute column's name.
        value: the word, the variant's id, or the column's value.
        title: what a person reads: a variant's title, else the value.
        share: of the lines of the group's mean customer.
        others: of the lines of all others' mean customer.
        customers: how many of the group took it.
    """

    kind: str
    value: str
    title: str
    share: float
    others: float
    customers: int

    @property
    def lift(self) -> float:
        """How many times as much as others; `others` is raised to a line in 10,000."""
        return self.share / max(self.others, 1e-4)

    @property
    def telling(self) -> float:
        """Its part of what tells the group from others."""
        return self.share * float(np.log(self.lift))


def likings(
    taken: Interactions,
    catalogue: Catalogue,
    label: NDArray[np.intp],
    count: int,
    *,
    least: int,
    most: int = 8,
) -> list[list[Liking]]:
    """For each of `count` groups its likings, the most telling of each kind first.

    Args:
        taken: order lines of U customers over the catalogue's V variants.
        catalogue: titles and attributes.
        label: (U,) the group of each customer.
        count: groups, K.
        least: customers of a group who must have taken what is shown.
        most: likings of a kind at most.
    """
    shares = taken.matrix()  # which variants, not how often: a habit is not a taste
    held = np.diff(shares.indptr)
    shares.data /= np.repeat(np.maximum(held, 1), held)
    member = sparse.csr_matrix(
        (np.ones(len(label)), (label, np.arange(len(label)))), shape=(count, len(label))
    )
    size = np.bincount(label, minlength=count).astype(float)
    found: list[list[Liking]] = [[] for _ in range(count)]
    for kind, values, features in _kinds(catalogue):
        by_customer = sparse.csr_matrix(shares @ features)  # (U, F)
        total = _sums(member, by_customer)  # (K, F)
        by_customer.data = np.ones_like(by_customer.data)
        who = _sums(member, by_customer)
        titles = [
            catalogue.label(place) if kind == "variant" else values[place]
            for place in range(len(values))
        ]
        rest = total.sum(axis=0) - total
        share = total / np.maximum(size, 1)[:, None]
        others = rest / np.maximum(size.sum() - size, 1)[:, None]
        for group in range(count):
            best = _telling(share[group], others[group], who[group] >= least)[:most]
            found[group] += [
                Liking(kind, values[place], titles[place], float(share[group, place]),
                       float(others[group, place]), int(who[group, place]))
                for place in best
            ]  # fmt: skip
    return found


def _sums(member: sparse.csr_matrix[np.float64], values: sparse.csr_matrix[np.float64]) -> Floats:
    """(K, F) the values of each group's customers, summed."""
    return np.asarray((member @ values).todense(), dtype=np.float64)


def distinct(found: Iterable[Liking]) -> list[Liking]:
    """The most telling first, without what says nothing more: "frames" beside "frame"."""
    kept: dict[str, Liking] = {}
    for one in sorted(found, key=lambda liking: -liking.telling):
        kept.setdefault(one.value.casefold()[:STEM], one)
    return list(kept.values())


def _telling(share: Floats, others: Floats, shown: NDArray[np.bool_]) -> list[int]:
    """Positions of the likings, by their part of the divergence; ties by position."""
    lift = share / np.maximum(others, 1e-4)
    part = np.where(shown & (lift >= LOWEST_LIFT), share * np.log(np.maximum(lift, 1e-12)), 0.0)
    order = np.argsort(-part, kind="stable")
    return [int(place) for place in order if part[place] > 0]


def _kinds(
    catalogue: Catalogue,
) -> Iterable[tuple[str, list[str], sparse.csr_matrix[np.float64]]]:
    """By kind: its values, and (V, F) which variants have them."""
    # a colour in the title says no more than the column does
    said = {str(value).casefold() for column in catalogue.attributes.values() for value in column}
    words = [
        sorted({word for word in words_of(title) if _tells(word)} - said)
        for title in catalogue.titles
    ]
    yield ("word", *_matrix(words, FEWEST_VARIANTS))
    for name, column in catalogue.attributes.items():
        yield (name, *_matrix([[str(value)] if value else [] for value in column], 1))
    yield "variant", catalogue.variants.tolist(), sparse.identity(len(catalogue), format="csr")


def _tells(word: str) -> bool:
    return len(word) >= SHORTEST_WORD and word.isalpha() and word not in EMPTY_WORDS


def _matrix(
    values: list[list[str]], fewest: int
) -> tuple[list[str], sparse.csr_matrix[np.float64]]:
    """The values that enough rows have, ascending, and (V, F) which rows those are."""
    rows = np.repeat(np.arange(len(values)), [len(each) for each in values])
    flat = np.array([value for each in values for value in each], dtype=object)
    names, column, count = (
        np.unique(flat, return_inverse=True, return_counts=True)
        if len(flat)
        else (flat, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
    )
    often = np.lexsort((np.arange(len(names)), -count))[:MOST_VALUES]
    kept = np.sort(often[count[often] >= fewest])
    place = np.full(len(names), -1)
    place[kept] = np.arange(len(kept))
    here = place[column] >= 0
    matrix = sparse.csr_matrix(
        (np.ones(here.sum()), (rows[here], place[column][here])),
        shape=(len(values), len(kept)),
    )
    return [str(name) for name in names[kept]], matrix
