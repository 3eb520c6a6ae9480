"""Splits and lists small enough to count by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from recsys.catalogue import Catalogue
from recsys.evaluation.lists import Lists
from recsys.evaluation.splits import Split, split_files

Taken = Mapping[str, Sequence[str]]


def lines(taken: Taken) -> pd.DataFrame:
    """One line for each customer and variant."""
    pairs = [(customer, variant) for customer, variants in taken.items() for variant in variants]
    return pd.DataFrame(pairs, columns=["customer_id", "variant_id"], dtype="str")


def split_of(
    train: Taken,
    test: Taken,
    *,
    table: pd.DataFrame | None = None,
    regions: Mapping[str, str] | None = None,
) -> Split:
    """A split of what customers had and what they then took."""
    split = split_files(lines(train), lines(test))
    told = np.array([(regions or {}).get(each, "") for each in split.train.customers], dtype=object)
    return replace(
        split,
        train=replace(split.train, regions=told),
        catalogue=Catalogue.of(split.train.variants, table),
    )


def listed(split: Split, lists: Taken) -> Lists:
    """Lists by customer id, best first; a customer who is not named has an empty one."""
    ids = split.train.customers[split.customers]
    place = {variant: number for number, variant in enumerate(split.train.variants)}
    rows = [
        (row, place[variant], rank, -float(rank))
        for row, customer in enumerate(ids)
        for rank, variant in enumerate(lists.get(customer, ()), start=1)
    ]
    row, variant, rank, score = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Lists(
        row=row.astype(np.int64),
        variant=variant.astype(np.int32),
        rank=rank.astype(np.int64),
        score=score.astype(np.float32),
        fit_seconds=0.0,
        score_seconds=0.0,
    )
