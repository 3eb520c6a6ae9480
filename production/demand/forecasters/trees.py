"""Gradient boosting of rows at past origins: the one place that talks to LightGBM (Ke et al. 2017).

Runs on one thread from fixed seeds, so the same rows give the same trees everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from data.watching import losses_wanted
from recsys.boosting import grown

ALWAYS: Final[Mapping[str, Any]] = {
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 1,
}


class Trees:
    """Rows binned once, then boosted towards one or several targets' quantiles."""

    def __init__(
        self,
        rows: NDArray[np.float32],
        target: NDArray[np.float64],
        weight: NDArray[np.float64],
        *,
        bins: int = 255,
    ) -> None:
        """Bin rows.

        Args:
            rows: (N, F) columns; NaN where a value is not known.
            target: (N,).
            weight: (N,) positive.
            bins: values of a column that trees can tell apart, at most.
        """
        self._bins = {"max_bin": bins}
        self._rows = lgb.Dataset(
            rows, target, weight=weight, params={**ALWAYS, **self._bins}, free_raw_data=False
        )

    def quantile(self, level: float, settings: Mapping[str, Any], count: int) -> lgb.Booster:
        """Trees for one quantile, by pinball loss."""
        loss = {"objective": "quantile", "alpha": level}
        return self._grown(f"boosting_q{100 * level:02.0f}", {**settings, **loss}, count)

    def median(self, settings: Mapping[str, Any], count: int) -> lgb.Booster:
        """Trees for the median, by absolute error."""
        loss = {"objective": "l1"}
        return self._grown("lightgbm_lags", {**settings, **loss}, count)

    def _grown(self, fit: str, settings: Mapping[str, Any], count: int) -> lgb.Booster:
        """Trees; who only watches progress is not told of fits of a second or less."""
        options = {**ALWAYS, **self._bins, **settings}
        if losses_wanted():
            return grown(fit, options, self._rows, count)
        return lgb.train(options, self._rows, count)


def predicted(trees: lgb.Booster, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) what trees say of rows."""
    return np.asarray(trees.predict(rows, num_threads=1), dtype=float)


def contributions(trees: lgb.Booster, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, F + 1) SHAP values of the prediction, the last column its base."""
    return np.asarray(trees.predict(rows, num_threads=1, pred_contrib=True), dtype=float)
