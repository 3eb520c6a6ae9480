"""Cancellations, matched to the order lines that they undo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What cancellations leave of a table of order lines.

    Attributes:
        quantity: (rows,) int64, what is left of each line: of an order line the units that were
            not cancelled, of a cancelling row (negative) the units that found no order.
        gone: (rows,) where nothing is left of the line.
        reduced: (rows,) where something, but not all, is left of it.
    """

    quantity: NDArray[np.int64]
    gone: NDArray[np.bool_]
    reduced: NDArray[np.bool_]


def match_cancellations(
    orders: pd.DataFrame, cancels: NDArray[np.bool_], within: pd.Timedelta
) -> Cancelled:
    """Take cancelled units off the order lines that they undo.

    A row can cancel lines of the same customer and variant that were placed at most `within`
    before it. First, rows that cancel exactly a whole line take the latest such line; then the
    others take from the latest lines what these have left. Where several rows want one line, the
    earliest comes first. Rows without a customer cancel nothing.

    The work is on the pairs of a cancelling row and a line in its window, in rounds: each gives
    every line to at most one row. Time O(pairs x rounds), rounds at most the lines of one
    customer and variant in one window.

    Args:
        orders: customer_id, variant_id, quantity, ordered_at of each line.
        cancels: (rows,) the rows that may cancel; those of positive quantity do not.
        within: how long after an order it can be cancelled.
    """
    before = orders["quantity"].to_numpy(dtype=np.int64)
    left = np.abs(before)
    pairs = _pairs(orders, cancels & (before < 0), ~cancels & (before > 0), within)
    exact = pairs[left[pairs["cancel"]] == left[pairs["line"]]]
    _settle(exact, left)
    _settle(pairs, left)
    quantity = np.sign(before) * left
    return Cancelled(
        quantity=quantity,
        gone=(quantity == 0) & (before != 0),
        reduced=(quantity != before) & (quantity != 0),
    )


def _pairs(
    orders: pd.DataFrame,
    cancels: NDArray[np.bool_],
    lines: NDArray[np.bool_],
    within: pd.Timedelta,
) -> pd.DataFrame:
    """Positions of each cancelling row and each line it can undo, in order of preference."""
    keys = ["customer_id", "variant_id"]
    table = orders[[*keys, "ordered_at"]].reset_index(drop=True)
    known = table["customer_id"].notna().to_numpy()
    undo = table[cancels & known].rename_axis("cancel").reset_index()
    done = table[lines & known].rename_axis("line").reset_index()
    pairs = undo.merge(done, on=keys, suffixes=("", "_of_line"))
    lag = pairs["ordered_at"] - pairs["ordered_at_of_line"]
    pairs = pairs[(lag >= pd.Timedelta(0)) & (lag <= within)]
    return pairs.sort_values(
        ["ordered_at", "cancel", "ordered_at_of_line", "line"],
        ascending=[True, True, False, False],
        kind="stable",
    )[["cancel", "line"]]


def _settle(pairs: pd.DataFrame, left: NDArray[np.int64]) -> None:
    """Take cancelled units off both sides of the pairs, in place, until no pair has units left."""
    while len(pairs):
        wished = pairs.drop_duplicates("cancel").drop_duplicates("line")
        cancel, line = wished["cancel"].to_numpy(), wished["line"].to_numpy()
        units = np.minimum(left[cancel], left[line])
        left[cancel] -= units
        left[line] -= units
        pairs = pairs[(left[pairs["cancel"]] > 0) & (left[pairs["line"]] > 0)]
