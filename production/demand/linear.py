"""Linear models in closed or convex form: weighted ridge and linear quantile regression.

Both work on columns scaled by their weighted root mean square and on a target scaled by its
weighted mean size, so that one penalty means the same for a lag in units and a share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.optimize import Bounds, minimize

SMOOTHING: Final = 0.02
"""Half-width of the kink that the pinball loss is rounded in, in units of the mean target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows to learn from, scaled.

    Attributes:
        Z: (N, F) columns divided by `scale`.
        y: (N,) target divided by `size`.
        weight: (N,) of sum 1.
        scale: (F,) weighted root mean square of each column; 1 for a column of zeros.
        size: mean absolute target.
    """

    Z: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    scale: NDArray[np.float64]
    size: float

    @classmethod
    def of(
        cls, X: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> Sample:
        """Scale rows.

        Args:
            X: (N, F) columns.
            y: (N,) target.
            weight: (N,) not negative, of positive sum.
        """
        share = weight / weight.sum()
        scale = np.sqrt(share @ X**2)
        scale[scale == 0] = 1.0
        size = float(share @ np.abs(y)) or 1.0
        return cls(Z=X / scale, y=y / size, weight=share, scale=scale, size=size)

    def coefficients(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F,) coefficients in the target's unit a unit of each column."""
        result: NDArray[np.float64] = scaled * self.size / self.scale
        return result


def ridge(sample: Sample, penalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F,) scaled coefficients that minimise Σ w (y - Zb)² + Σ penalty b²; O(N F²).

    Args:
        sample: scaled rows.
        penalty: (F,) positive.
    """
    weighted = sample.Z * sample.weight[:, None]
    gram = weighted.T @ sample.Z
    gram[np.diag_indices_from(gram)] += penalty
    result: NDArray[np.float64] = solve(gram, weighted.T @ sample.y, assume_a="pos")
    return result


def quantile(
    sample: Sample,
    level: float,
    penalty: NDArray[np.float64],
    start: NDArray[np.float64],
    lowest: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(F,) scaled coefficients of the conditional quantile (Koenker and Bassett 1978).

    Minimises Σ w rho(y - Zb) + ½ Σ penalty b², where the pinball loss rho(r) = ½|r| + (level - ½) r
    has its kink rounded: |r| becomes √(r² + SMOOTHING²). Convex; L-BFGS-B from `start`
    with no coefficient below `lowest`; O(N F) an iteration, some hundred iterations.
    """
    Z, y, weight = sample.Z, sample.y, sample.weight

    def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        residual = y - Z @ b  # (N,)
        size = np.sqrt(residual**2 + SMOOTHING**2)
        value = weight @ (0.5 * size + (level - 0.5) * residual) + 0.5 * penalty @ b**2
        slope = weight * (0.5 * residual / size + (level - 0.5))
        return float(value), penalty * b - Z.T @ slope

    found = minimize(
        loss,
        np.maximum(start, lowest),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lb=lowest),
        options={"maxiter": 300},
    )
    result: NDArray[np.float64] = found.x
    return result
