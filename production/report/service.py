"""Service levels of all variants together, each variant weighing as much as its demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How much of the coming demand is met.

    Attributes:
        nominal: probability that a variant does not sell out, as its costs alone ask for
            (the critical fractile).
        capacity: the same once units also pay for the resources that are short.
        expected: with plan and stock as they are.
    """

    nominal: float
    capacity: float
    expected: float


def service_of(variants: pd.DataFrame) -> Service:
    """The service levels of the report's variants."""
    weight = variants["mean"].to_numpy(dtype=np.float64)
    total = float(weight.sum())

    def mean(column: str) -> float:
        return float(variants[column].to_numpy(dtype=np.float64) @ weight) / total if total else 0.0

    return Service(
        nominal=mean("nominal_service"),
        capacity=mean("capacity_service"),
        expected=mean("expected_service"),
    )
