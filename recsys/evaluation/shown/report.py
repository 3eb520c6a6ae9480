"""What served lists showed: of the catalogue, to whom, and how unlike groups were served.

Figures of lists, over all of them and over those of a group of customers:

    coverage            variants shown, over those that could have been
    gini, entropy,      how exposure is spread over the variants that could have been shown: Gini's
    effective_variants  index (0: all alike), entropy over its maximum (1: all alike) and its
                        exponential (`recsys.evaluation.beyond.exposure`); of places counted alike,
                        and, `discounted`, of places as they are looked at, 1 / log2(position + 1)
                        (exposure after Singh and Joachims 2018)
    personal            share of lists that the model made, without anything standing in for it
    responding          share of lists with a response, of those whose days for one are over
    exposure            of discounted exposure, the share of a group of variants

More lists cover more and are spread wider: coverage, Gini and entropy of two groups compare only
where these have about as many lists. `personal`, `responding` and `exposure` are rates, which do
compare; for them the greatest difference between groups is told, of those with ENOUGH customers.

Of a group of variants, exposure is set against its share of the variants that could have been
shown (`to_catalogue`) and of the units sold (`to_sales`): 1 where it is shown in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.shown.by_customers import ByCustomers, Spread, by_customers, over_all
from recsys.evaluation.shown.by_variants import ByVariants, by_variants
from recsys.evaluation.shown.differences import Figure
from recsys.evaluation.shown.lists import Labels, ShownLists, told


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigures:
    """All of it.

    Attributes:
        lists: how many.
        customers: to whom.
        places: of them.
        offered: variants that could have been shown.
        shown: variants that were.
        spread: over all lists.
        rates: `personal` and `responding` over all lists.
        by_customers: by each kind of group.
        by_variants: likewise.
        hidden: kinds of groups that are not told, for there are too few customers.
    """

    lists: int
    customers: int
    places: int
    offered: int
    shown: int
    spread: Spread
    rates: Mapping[str, Figure]
    by_customers: Sequence[ByCustomers]
    by_variants: Sequence[ByVariants]
    hidden: Sequence[str]


def shown_figures(
    shown: ShownLists,
    of_lists: Sequence[Labels],
    of_variants: Sequence[Labels],
    *,
    sales: NDArray[np.float64],
    seed: int,
) -> ShownFigures:
    """What lists showed, over all and by group, with intervals over customers.

    O(places + draws · customers · groups).

    Args:
        shown: the lists; at least one, and a place in each.
        of_lists: groups of the lists, by their customers or otherwise.
        of_variants: groups of the catalogue's variants.
        sales: (V,) units sold of each variant; zeros where nobody knows.
        seed: of the draws; all figures share them.
    """
    groups = {labels.by: told(labels, shown.customer) for labels in of_lists}
    overall = over_all(shown, seed=seed)
    return ShownFigures(
        lists=len(shown.customer),
        customers=shown.customers,
        places=len(shown.row),
        offered=int(shown.offered.sum()),
        shown=len(np.unique(shown.variant)),
        spread=overall.spread,
        rates=overall.rates,
        by_customers=[
            by_customers(shown, labels, of_variants, seed=seed)
            for labels in groups.values()
            if labels is not None
        ],
        by_variants=[by_variants(shown, labels, sales, seed=seed) for labels in of_variants],
        hidden=[by for by, labels in groups.items() if labels is None],
    )
