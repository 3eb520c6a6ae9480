"""Logs of lists, made by hand and drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.shown.lists import Labels, ShownLists


def labels(by: str, names: Sequence[str], code: Sequence[int] | NDArray[np.integer]) -> Labels:
    return Labels(by=by, names=tuple(names), code=np.asarray(code, dtype=np.intp))


def listed(
    lists: Sequence[tuple[int, Sequence[int]]],
    variants: int,
    *,
    personal: Sequence[float] | None = None,
    responded: Sequence[float] | None = None,
) -> ShownLists:
    """Lists of a customer and the variants shown, all variants being offered."""
    row = np.repeat(np.arange(len(lists)), [len(shown) for _, shown in lists])
    none = np.full(len(lists), np.nan)
    return ShownLists(
        customer=np.array([customer for customer, _ in lists]),
        row=row,
        position=np.concatenate([np.arange(len(shown)) + 1 for _, shown in lists]),
        variant=np.concatenate([np.array(shown, dtype=np.int64) for _, shown in lists]),
        offered=np.ones(variants, dtype=bool),
        personal=none if personal is None else np.array(personal),
        responded=none if responded is None else np.array(responded),
    )


def drawn(
    seed: int,
    *,
    groups: Sequence[int],
    chances: Sequence[float],
    respond: Sequence[float] | None = None,
    lists_each: int = 3,
    places: int = 4,
) -> tuple[ShownLists, Labels, Labels]:
    """Lists to groups of customers, each with its chance that a place shows the first category.

    Customers differ from each other within their group too, so that lists of one are alike.

    Args:
        seed: of all draws.
        groups: customers of each.
        chances: of each.
        respond: each group's share of lists with a response; without it nobody knows of any.
        lists_each: of a customer, at most.
        places: of a list.
    """
    random = np.random.default_rng(seed)
    of_customer = np.repeat(np.arange(len(groups)), groups)
    own = np.array(chances)[of_customer]
    own = random.beta(8 * own, 8 * (1 - own))
    customer = np.repeat(np.arange(len(own)), random.integers(1, lists_each + 1, len(own)))
    count = len(customer)
    first = random.random((count, places)) < own[customer][:, None]
    variant = random.integers(0, 10, first.shape) + 10 * ~first
    responded = np.full(count, np.nan)
    if respond is not None:
        rate = np.array(respond)[of_customer[customer]]
        responded = (random.random(count) < rate).astype(np.float64)
    shown = ShownLists(
        customer=customer,
        row=np.repeat(np.arange(count), places),
        position=np.tile(np.arange(places) + 1, count),
        variant=variant.ravel(),
        offered=np.ones(20, dtype=bool),
        personal=np.full(count, np.nan),
        responded=responded,
    )  # fmt: skip
    names = [f"g{place}" for place in range(len(groups))]
    return (
        shown,
        labels("group", names, of_customer[customer]),
        labels("category", ["first", "second"], np.arange(20) // 10),
    )
