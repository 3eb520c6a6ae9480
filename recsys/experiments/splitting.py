"""Splitting: which arm of an experiment a customer is in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

_RANGE: Final = 2**64


def arm_of(customer_id: str, experiment: str, weights: Mapping[str, float]) -> str:
    """A customer's arm: always the same, and unrelated to that in another experiment.

    The hash of experiment and customer, as a number from 0 to 1, falls into the arms laid one
    after the other by name, each as long as its weight.

    Args:
        customer_id: who.
        experiment: its name, which salts the hash.
        weights: by arm, finite, not negative, their sum above 0.

    >>> arm_of("10242", "bonus", {"control": 1, "bonus": 1})
    'bonus'
    """
    text = f"{experiment}\x1f{customer_id}".encode("utf-8", "surrogatepass")
    point = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / _RANGE
    left = point * sum(weights.values())
    arms = sorted(name for name, weight in weights.items() if weight > 0)
    for name in arms:
        left -= weights[name]
        if left < 0:
            return name
    return arms[-1]  # a rounding of the sum
