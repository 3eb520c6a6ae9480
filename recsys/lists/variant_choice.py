"""Which variant of a style a customer takes: their likely size and colour, from what they took.

For each attribute column that varies within styles (size, colour, …) the share of a value among
those that a style has is estimated from the customer's lines, smoothed with everybody's share in
the style, and that with everybody's share in all styles (two Dirichlet priors, one in the other):

    p(value | style)            = (n_style,value + A q(value)) / (n_style + A)
    p(value | style, customer)  = (n_customer,value + A p(value | style)) / (n_customer + A)

where n counts lines of the values that the style has, and q is the value's share of all lines,
among those values. A customer of whom nothing is known so takes what everybody takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions
from recsys.lists.codes import Coded, Groups
from recsys.lists.compiled import Shelf
from recsys.lists.rules import REGIONS
from recsys.ranking import Ranked

PRIOR: Final = 5.0
"""A: lines that a customer's own shares need to count as much as everybody's."""

LEAST_LINES: Final = 2.0
"""Lines of a value that make it usual, if they are more than half of those of a style's values."""


@dataclass(frozen=True, slots=True, eq=False)
class Trait:
    """An attribute column that varies within styles.

    Attributes:
        name: the column.
        coded: its values; an empty one is a value too, and nobody's usual one.
        shares: (V,) float32, the share of each variant's value within its style; 1 over the values
            of a style.
        first: (V,) bool, the first variant of its style with its value.
    """

    name: str
    coded: Coded
    shares: NDArray[np.float32]
    first: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Likely:
    """How likely customers take some variants, as far as attributes tell.

    Attributes:
        lift: (E,) float32, log of the likelihood, summed over the columns.
        usual: (E,) int32, place in `VariantChoice.traits` of the column whose value is the
            customer's usual one, of several the one that tells most; -1 for none.
        gain: (E,) float32, how much likelier, in log, the usual value is for the customer than for
            everybody; 0 where there is none.
    """

    lift: NDArray[np.float32]
    usual: NDArray[np.int32]
    gain: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class VariantChoice:
    """What everybody takes of each style, ready to be combined with one customer's history.

    Attributes:
        groups: the variants' styles.
        traits: the columns that vary within styles.
    """

    groups: Groups
    traits: tuple[Trait, ...]

    @classmethod
    def learn(cls, interactions: Interactions, shelf: Shelf) -> Self:
        """Count everybody's lines by style and value; O(columns * (variants + lines))."""
        lines = np.bincount(
            interactions.variant, weights=interactions.weight, minlength=len(shelf.catalogue)
        ).astype(np.float64)
        columns = (name for name in shelf.catalogue.attributes if name != REGIONS)
        coded = ((name, shelf.column(name, "attributes")) for name in columns)
        traits = (_trait(name, values, shelf.groups, lines) for name, values in coded)
        return cls(groups=shelf.groups, traits=tuple(trait for trait in traits if trait))

    def likely(
        self, histories: Interactions, customer: NDArray[np.integer], style: NDArray[np.integer]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Likely]:
        """How likely customers take each variant of some styles.

        Args:
            histories: the customers' lines.
            customer: (P,) positions of customers.
            style: (P,) a style for each.

        Returns:
            (E,) the place in `customer` and `style` of each variant, (E,) the variant, and what
            is known of them.
        """
        pair, variant = self.groups.members(style)
        row = np.asarray(customer)[pair]
        lift = np.zeros(len(pair), dtype=np.float32)
        usual = np.full(len(pair), -1, dtype=np.int32)
        gain = np.zeros(len(pair), dtype=np.float32)
        for place, trait in enumerate(self.traits):
            taken = self._taken(trait, histories)[row, trait.coded.codes[variant]]  # (E,)
            own = np.bincount(pair, np.where(trait.first[variant], taken, 0), minlength=len(style))
            shares = trait.shares[variant]
            likelihood = (taken + PRIOR * shares) / (own[pair] + PRIOR)
            lift += np.log(likelihood).astype(np.float32)
            more = np.log(likelihood / shares).astype(np.float32)
            telling = (taken >= LEAST_LINES) & (2 * taken > own[pair]) & (more > gain)
            telling &= trait.coded.names[trait.coded.codes[variant]] != ""
            usual[telling] = place
            gain[telling] = more[telling]
        return pair, variant, Likely(lift=lift, usual=usual, gain=gain)

    def value(self, usual: int, variant: int) -> tuple[str, str]:
        """The column and the value that `Likely.usual` means for a variant."""
        trait = self.traits[usual]
        return trait.name, str(trait.coded.names[trait.coded.codes[variant]])

    def _taken(self, trait: Trait, histories: Interactions) -> NDArray[np.float64]:
        """(U, C) float64: each customer's lines of each value."""
        customers, values = histories.shape[0], len(trait.coded.names)
        cell = histories.customer.astype(np.int64) * values + trait.coded.codes[histories.variant]
        counts = np.bincount(cell, weights=histories.weight, minlength=customers * values)
        return counts.reshape(customers, values).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """Variants in the places that their styles have in lists.

    Attributes:
        variants: (M,) int32, the variant shown in each place.
        scores: (M,) float32, its own standing: score in deviations, and its likelihood.
        usual: (M,) int32, see `Likely`.
        gain: (M,) float32, see `Likely`.
    """

    variants: NDArray[np.int32]
    scores: NDArray[np.float32]
    usual: NDArray[np.int32]
    gain: NDArray[np.float32]


def pick(
    choice: VariantChoice,
    histories: Interactions,
    places: Ranked,
    *,
    scores: NDArray[np.float32],
    unit: NDArray[np.float32],
    shown: NDArray[np.bool_],
) -> Picked:
    """Each style's places filled with the variants of it that the customer most likely takes.

    Within a style, the order is that of the score in standard deviations plus the log-likelihood of
    the variant's attribute values; ties go to the smaller id.

    Args:
        choice: what everybody takes.
        histories: the customers' lines.
        places: lists of variants; each style keeps the places that its variants have.
        scores: (U, V) float32, finite.
        unit: (U, 1) float32, see `recsys.lists.selection.spread`.
        shown: (V,) or (U, V) bool, what may be shown.
    """
    styles = len(choice.groups.sizes)
    wanted = places.customer * styles + choice.groups.styles.codes[places.variants]  # (M,)
    pairs, group, counts = np.unique(wanted, return_inverse=True, return_counts=True)
    customer, style = np.divmod(pairs, styles)
    pair, variant, likely = choice.likely(histories, customer, style)
    row = customer[pair]
    may = shown[variant] if shown.ndim == 1 else shown[row, variant]
    value = scores[row, variant] / unit[row, 0] + likely.lift
    order = np.lexsort((variant, -value, pair))
    order = order[may[order]]
    starts = np.searchsorted(pair[order], np.arange(len(pairs)))
    order = order[np.arange(len(order)) - starts[pair[order]] < counts[pair[order]]]
    best = np.empty(len(wanted), dtype=np.int64)
    best[np.argsort(group, kind="stable")] = order  # both by pair, and within one by place
    return Picked(
        variants=variant[best].astype(np.int32),
        scores=value[best],
        usual=likely.usual[best],
        gain=likely.gain[best],
    )


def _trait(name: str, coded: Coded, groups: Groups, lines: NDArray[np.float64]) -> Trait | None:
    """The column as a trait; None where it does not vary within styles, or no value recurs."""
    cells = groups.styles.codes.astype(np.int64) * len(coded.names) + coded.codes  # (V,)
    found, first, place = np.unique(cells, return_index=True, return_inverse=True)
    style, value = np.divmod(found, len(coded.names))
    if len(found) <= max(len(groups.sizes), len(coded.names)):
        return None
    total = np.bincount(coded.codes, weights=lines, minlength=len(coded.names)) + 1  # (C,)
    overall = total[value] / np.bincount(style, total[value])[style]
    own = np.bincount(place, weights=lines, minlength=len(found))
    shares = (own + PRIOR * overall) / (np.bincount(style, own)[style] + PRIOR)
    is_first = np.zeros(len(lines), dtype=bool)
    is_first[first] = True
    return Trait(name, coded, shares[place].astype(np.float32), is_first)
