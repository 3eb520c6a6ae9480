"""Growing trees with LightGBM under the eyes of whoever watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm

from data.watching import losses_wanted, tell, watched


def grown(
    fit: str, options: Mapping[str, Any], data: lightgbm.Dataset, trees: int
) -> lightgbm.Booster:
    """Trees grown on the data; watched or not, the same.

    Args:
        fit: what is fitted, for whoever watches (`data.watching`).
        options: LightGBM's.
        data: what to learn from.
        trees: how many.
    """
    if not watched():
        return lightgbm.train(dict(options), data, trees)

    def told(state: Any) -> None:
        found = state.evaluation_result_list
        tell(fit, state.iteration + 1, trees, found[0][2] if found else float("nan"))

    wanted = losses_wanted()
    return lightgbm.train(
        dict(options),
        data,
        trees,
        valid_sets=[data] if wanted else None,
        valid_names=["training"] if wanted else None,
        callbacks=[told],
    )
