"""Setting aside: examples from lines without times, by hiding a part of every customer's variants.

The first stages are fitted on what is left, so that nothing of what was set aside has told on any
score, and what was set aside says what would have been taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

SHARE: Final = 0.2
"""Of each customer's variants, so much is set aside."""


def part(interactions: Interactions, *, seed: int) -> tuple[Interactions, NDArray[np.int64]]:
    """The lines that are left, and what is set aside: a share of each customer's, drawn at random.

    Of a customer with too few variants to share out, none is set aside; all lines of a variant go
    together, and what is set aside was bought.

    Args:
        interactions: all lines.
        seed: of the draw.

    Returns:
        The lines left; (M,) customer * V + variant of each pair set aside, ascending.
    """
    keys = interactions.customer.astype(np.int64) * interactions.shape[1] + interactions.variant
    pairs = np.unique(keys[interactions.bought()])
    customer = pairs // interactions.shape[1]
    held = np.bincount(customer, minlength=interactions.shape[0])
    order = np.lexsort((np.random.default_rng(seed).random(len(pairs)), customer))
    place = np.empty(len(pairs), dtype=np.int64)
    place[order] = np.arange(len(pairs)) - np.repeat(np.cumsum(held) - held, held)
    aside = pairs[place < np.round(SHARE * held)[customer]]
    left = ~np.isin(keys, aside)
    return (
        replace(
            interactions,
            customer=interactions.customer[left],
            variant=interactions.variant[left],
            age=interactions.age[left],
            quantity=interactions.quantity[left],
            weight=interactions.weight[left],
        ),
        aside,
    )
