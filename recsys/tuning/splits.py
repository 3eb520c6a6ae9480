"""What a search is judged on: splits of the training period, never of the days that come after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from data.errors import OutsideData
from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.errors import TooFewInteractions
from recsys.evaluation.datasets import read_lines
from recsys.evaluation.splits import STEP_DAYS, Split, split_at, split_files

TEST_DAYS: Final = 28
UNTOUCHED_DAYS: Final = 3 * STEP_DAYS
"""Days at the end of the data that a search does not look at unless told: the test windows of the
last three origins, which an evaluation takes by default."""

DEFAULT_ORIGINS: Final = 3
HELD_OUT: Final = 0.2
"""Share of each customer's variants that a file without times is judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What settings are tried on.

    Attributes:
        splits: training lines and test purchases, one for each origin.
        about: where they come from, as JSON would hold it; another search has another.
    """

    splits: tuple[Split, ...]
    about: dict[str, Any]

    @property
    def timed(self) -> bool:
        """Whether times are known."""
        return any(bool(split.train.age.any()) for split in self.splits)


def ground_of_workspace(
    workspace: Workspace,
    *,
    before: date | None = None,
    origins: Sequence[date] | int | None = None,
) -> Ground:
    """Splits at origins whose test windows end before a day; later lines are not even looked at.

    Args:
        workspace: where orders and variants lie.
        before: the day from which on nothing is looked at, the data's end if that is earlier;
            None for `UNTOUCHED_DAYS` before that end.
        origins: first days of the test windows of `TEST_DAYS`; or how many, at steps of as many
            days, the last window ending at `before`; None for up to `DEFAULT_ORIGINS`.

    Raises:
        OutsideData: the orders leave no room for that.
        TooFewInteractions: nothing to learn from or to test.
    """
    orders = workspace.read(ORDERS)
    if orders.empty:
        raise OutsideData("There are no orders.", fix="Import some.")
    first = orders["ordered_at"].min().normalize() + pd.Timedelta(days=1)
    end = orders["ordered_at"].max().normalize() + pd.Timedelta(days=1)
    limit = end - pd.Timedelta(days=UNTOUCHED_DAYS)
    if before is not None:
        limit = min(pd.Timestamp(before), end)
    last = limit - pd.Timedelta(days=TEST_DAYS)
    chosen = _origins(origins, first, last, limit)
    orders = orders[orders["ordered_at"] < limit]
    catalogue = workspace.read(VARIANTS) if workspace.has(VARIANTS) else pd.DataFrame()
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    events = None if events is None else events[events["at"] < limit]
    splits = tuple(
        split_at(orders, catalogue, events, origin=origin, test_days=TEST_DAYS) for origin in chosen
    )
    about = {
        "source": "workspace",
        "data_digest": workspace.digest(),
        "before": f"{limit:%Y-%m-%d}",
        "origins": [f"{origin:%Y-%m-%d}" for origin in chosen],
        "test_days": TEST_DAYS,
    }
    return Ground(splits=splits, about=about)


def _origins(
    asked: Sequence[date] | int | None,
    first: pd.Timestamp,
    last: pd.Timestamp,
    limit: pd.Timestamp,
) -> list[pd.Timestamp]:
    """The origins asked for, ascending, once all of them lie from `first` to `last`."""
    if last < first:
        raise OutsideData(
            f"The orders leave no room for training and {TEST_DAYS} test days before "
            f"{limit:%Y-%m-%d}.",
            where="before",
            fix="Choose a later day, or import more orders.",
        )
    if asked is None or isinstance(asked, int):
        fitting = (last - first).days // STEP_DAYS + 1
        count = min(fitting, DEFAULT_ORIGINS) if asked is None else asked
        if count > fitting:
            raise OutsideData(
                f"Before {limit:%Y-%m-%d} there is room for {fitting} origins, not {count}.",
                where="origins",
                fix=f"Ask for 1 to {fitting}, or choose a later day.",
            )
        return [last - pd.Timedelta(days=STEP_DAYS * step) for step in reversed(range(count))]
    chosen = sorted({pd.Timestamp(origin).normalize() for origin in asked})
    for origin in chosen:
        if not first <= origin <= last:
            raise OutsideData(
                f"The {TEST_DAYS} test days from {origin:%Y-%m-%d} do not lie between the first "
                f"orders and {limit:%Y-%m-%d}, from which on nothing is looked at.",
                where=f"origin {origin:%Y-%m-%d}",
                fix=f"Choose an origin from {first:%Y-%m-%d} to {last:%Y-%m-%d}, "
                "or a later day to stop before.",
            )
    return chosen


def ground_of_file(path: Path, *, seed: int) -> Ground:
    """One split of a training file: of each customer's variants `HELD_OUT` are to be found.

    Args:
        path: a file that `recsys.evaluation.datasets.read_lines` reads.
        seed: which ones are held out.

    Raises:
        SourceError: the file cannot be read as what it claims to be.
        TooFewInteractions: no customer has enough variants.
    """
    train, test = hold_out(read_lines(path), seed=seed)
    if test.empty:
        raise TooFewInteractions(
            "No customer has enough variants to hold one out.",
            where=path.name,
            fix="Give a file in which customers have three variants or more.",
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {"source": "file", "file": path.name, "data_digest": digest, "held_out": HELD_OUT}
    return Ground(splits=(split_files(train, test),), about=about)


def hold_out(
    lines: pd.DataFrame, *, seed: int, share: float = HELD_OUT
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines to learn from, and lines to be found: a share of each customer's variants.

    Of a customer's n variants the nearest whole number to `share` · n is drawn, so a customer
    with one or two keeps them all. All lines of a variant that is drawn go out together.

    Args:
        lines: columns customer_id and variant_id, and any others.
        seed: of the draw, which does not depend on the order of the lines.
        share: below 0.5, so that nobody is left without a line.
    """
    customer = pd.Index(sorted(lines["customer_id"].unique())).get_indexer(lines["customer_id"])
    names = pd.Index(sorted(lines["variant_id"].unique()))
    pair = customer.astype(np.int64) * len(names) + names.get_indexer(lines["variant_id"])
    pairs, line_of = np.unique(pair, return_inverse=True)
    owner = pairs // len(names)  # (P,) ascending
    counts = np.bincount(owner)
    drawn = np.lexsort((np.random.default_rng(seed).random(len(pairs)), owner))
    place = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.zeros(len(pairs), dtype=bool)
    out[drawn] = place < np.floor(share * counts + 0.5)[owner]
    return lines[~out[line_of]], lines[out[line_of]]
