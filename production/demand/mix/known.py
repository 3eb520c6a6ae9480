"""The mix of any variants, those that never sold too, from what is known at an origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory
from production.demand.mix.candidates import Candidates
from production.demand.mix.settings import MixSettings
from production.demand.mix.shares import Mix, mix_of


def mix_at(
    history: DemandHistory,
    variants: NDArray[np.object_],
    *,
    catalogue: pd.DataFrame | None = None,
    settings: MixSettings | None = None,
) -> Mix:
    """The mix of some variants, in their order.

    Args:
        history: what is known at the origin.
        variants: (V,) ids, each once. Styles are split over those of their variants named here.
        catalogue: variant_id, style_id and any attributes of variants that never sold; one that
            it lacks is its own style.
        settings: forgetting, prior and evidence.
    """
    rows = pd.Index(history.variants).get_indexer(pd.Index(variants))
    unsold = np.asarray(variants)[rows < 0]
    rows[rows < 0] = len(history.variants) + np.arange(len(unsold))
    past = Candidates.of(history, _newcomers(unsold, catalogue))
    return mix_of(past, horizon=history.horizon, rows=rows, settings=settings)


def _newcomers(unsold: NDArray[np.object_], catalogue: pd.DataFrame | None) -> pd.DataFrame:
    """The catalogue's rows of variants that never sold, in their order, with `style_id`."""
    own = pd.Series(unsold, index=pd.Index(unsold, dtype=object), dtype=object)
    if catalogue is None or "style_id" not in catalogue:
        return pd.DataFrame({"style_id": own})
    known = catalogue.drop_duplicates("variant_id").set_index("variant_id").reindex(own.index)
    named: pd.Series = known["style_id"].astype(object).where(known["style_id"].notna(), own)
    return known.assign(style_id=named)
