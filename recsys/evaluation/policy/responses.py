"""Responses: which places of served lists customers responded to."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def rewards(
    served: pd.DataFrame, responses: pd.DataFrame, window: np.timedelta64
) -> NDArray[np.float64]:
    """Whether a customer responded to a place within a while; (n,) float64, 0 or 1.

    A response counts for the last list before it that showed the variant to the customer, so that
    two lists that show it alike do not both earn it.

    Args:
        served: n places: `customer_id`, `variant_id` and `at`.
        responses: `customer_id`, `variant_id` and `at` of what customers did.
        window: how long after the list a response counts.
    """
    earned = np.zeros(len(served))
    if not len(served) or not len(responses):
        return earned
    by = ["customer_id", "variant_id"]
    places = served[[*by, "at"]].reset_index(drop=True).rename_axis("place").reset_index()
    places = places.astype(dict.fromkeys(by, "str")).sort_values("at", kind="stable")
    came = responses[[*by, "at"]].astype(dict.fromkeys(by, "str")).sort_values("at", kind="stable")
    found = pd.merge_asof(came, places, on="at", by=by, tolerance=pd.Timedelta(window))
    earned[found["place"].dropna().to_numpy(np.int64)] = 1.0
    return earned
