"""How many units a line: the variant's usual number, and a customer's habit in relation to it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.interactions import Interactions

SHRINKAGE: Final = 5.0
"""Lines before half of a variant's, or a customer's, own order size is believed."""


def order_sizes(past: Interactions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Units a line: geometric means, shrunk towards all lines', so that no bulk order decides.

    Returns:
        (V,) usual units a line of each variant; (U,) a customer's units in relation to them.
    """
    logs = np.log(past.quantity.astype(float))
    count = np.bincount(past.variant, minlength=past.shape[1])
    overall = logs.mean()
    total = np.bincount(past.variant, weights=logs, minlength=past.shape[1])
    variant = (total + overall * SHRINKAGE) / (count + SHRINKAGE)
    beyond = logs - variant[past.variant]
    lines = np.bincount(past.customer, minlength=past.shape[0])
    customer = np.bincount(past.customer, weights=beyond, minlength=past.shape[0])
    return np.exp(variant), np.exp(customer / (lines + SHRINKAGE))
