"""Outcomes: what the customers of an experiment did, from served lists and responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.experiments.comparison import Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Outcomes, and who is not among them.

    Attributes:
        outcomes: of the customers who count.
        waiting: customers whose days are not over.
        mixed: customers who were in more than one arm.
    """

    outcomes: Outcomes
    waiting: int
    mixed: int


def count_outcomes(
    served: pd.DataFrame, responses: pd.DataFrame, *, window: np.timedelta64, now: np.datetime64
) -> Counted:
    """Each customer's responses from the first list of the experiment on, and before it.

    Args:
        served: `customer_id`, `arm` and `at` of the experiment's lists.
        responses: `customer_id` and `at` of what customers did.
        window: days from the first list that count, and as many before it; a customer whose days
            are not over is left out, so that nobody counts for more days than another.
        now: the moment.
    """
    first = served.groupby("customer_id", sort=True).agg(
        arm=("arm", "first"), arms=("arm", "nunique"), at=("at", "min")
    )
    mixed = first["arms"] > 1
    waiting = ~mixed & (first["at"] + pd.Timedelta(window) > pd.Timestamp(now))
    counted = first[~mixed & ~waiting]
    came = responses.loc[responses["customer_id"].isin(counted.index), ["customer_id", "at"]]
    since = came["at"].to_numpy() - counted.loc[came["customer_id"], "at"].to_numpy()
    zero, length = np.timedelta64(0, "us"), window.astype("timedelta64[us]")
    after, before = (since >= zero) & (since < length), (since < zero) & (since >= -length)

    def per_customer(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        found = came.loc[mask, "customer_id"].value_counts()
        return np.asarray(found.reindex(counted.index, fill_value=0), dtype=np.float64)

    return Counted(
        outcomes=Outcomes(
            arm=counted["arm"].to_numpy(object),
            responses=per_customer(after),
            before=per_customer(before),
        ),
        waiting=int(waiting.sum()),
        mixed=int(mixed.sum()),
    )
