"""Exact duplicates: rows that repeat an earlier one cell by cell, over any number of chunks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import CUSTOMER, FREE_TEXT, Table


class Seen:
    """The rows met so far, as 64-bit hashes in sorted runs (8 bytes a row).

    Runs of like size are merged, so n rows lie in at most log2(n) runs and a look-up costs
    O(log² n). Two different rows share a hash with odds of n²/2⁶⁵: 7e-9 for half a million rows.
    """

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def repeated(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """(rows,) where a row repeats an earlier one; the rows are met from now on."""
        hashes = row_hashes(frame)
        repeated = pd.Series(hashes).duplicated().to_numpy(copy=True)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            repeated |= run[at] == hashes
        fresh = np.sort(hashes[~repeated])
        while self._runs and len(self._runs[-1]) <= len(fresh):
            fresh = np.sort(np.concatenate((self._runs.pop(), fresh)), kind="stable")
        if len(fresh):
            self._runs.append(fresh)
        return repeated


def row_hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """(rows,) uint64: the same for equal rows, in this process and any other."""
    hashes = pd.util.hash_pandas_object(frame, index=False)
    return np.asarray(hashes, dtype=np.uint64)


def as_guests(fresh: pd.DataFrame, held: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows without their customer where the held table has them as a guest's.

    A customer who was erased, or whose rows grew too old, left order lines behind without a name
    and without what people wrote. An export that still names the customer brings the same lines,
    not further ones.

    Args:
        fresh: rows of an import.
        held: the rows that are there, in the same columns.
        table: of which table they are.
    """
    blank = [column.name for column in table.columns if column.name in (*FREE_TEXT, CUSTOMER)]
    blank = [name for name in blank if name in fresh]
    if CUSTOMER not in blank or not table.column(CUSTOMER).nullable:
        return fresh
    guests = held[held[blank].isna().all(axis=1)]
    named = fresh[CUSTOMER].notna().to_numpy()
    if guests.empty or not named.any():
        return fresh
    unnamed = fresh.copy()
    unnamed.loc[named, blank] = pd.NA
    theirs = named & np.isin(row_hashes(unnamed), row_hashes(guests[list(fresh.columns)]))
    theirs &= ~np.isin(row_hashes(fresh), row_hashes(held[list(fresh.columns)]))
    unnamed.loc[~theirs, blank] = fresh.loc[~theirs, blank]
    return unnamed


def already_held(fresh: pd.DataFrame, held: pd.DataFrame) -> NDArray[np.bool_]:
    """(rows,) where a row, counted with its repetitions, lies in the held table already.

    A row that stands twice in `fresh` and once in `held` is held once: exports that overlap
    can be imported one after the other, and no genuine repetition is lost.
    """
    names = list(fresh.columns)
    hashes = np.concatenate((row_hashes(held[names]), row_hashes(fresh)))
    numbered = pd.DataFrame({"hash": hashes})
    is_held = np.arange(len(hashes)) < len(held)
    numbered["copy"] = numbered.groupby([is_held, "hash"]).cumcount()
    repeated: NDArray[np.bool_] = numbered.duplicated().to_numpy()
    return repeated[len(held) :]
