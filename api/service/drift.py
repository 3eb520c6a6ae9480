"""How far live events lie from what the serving model was trained on, for `/metrics`."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np

from api.service.serving import Snapshot
from data.store import Store
from recsys.drift import population_stability

SECONDS_KEPT: Final = 60.0


class Drifted(NamedTuple):
    """The index over styles, and the live events that it stands on."""

    stability: float
    events: int


class Drift:
    """Looks at the live events since training, once a minute at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: tuple[str, float, Drifted] | None = None

    def of(self, snapshot: Snapshot) -> Drifted:
        """The drift of the model that serves; O(live events since it was trained)."""
        held, now = self._held, time.monotonic()
        if held is not None and held[0] == snapshot.model_id and now - held[1] < SECONDS_KEPT:
            return held[2]
        learned, catalogue = snapshot.recommender.interactions, snapshot.recommender.catalogue
        styles, style_of = np.unique(catalogue.styles.astype(str), return_inverse=True)
        places = {
            str(one): int(style) for one, style in zip(catalogue.variants, style_of, strict=True)
        }
        names = [places.get(str(one), -1) for one in learned.variants]
        of_line = np.array(names, dtype=np.int64)[learned.variant]
        known = of_line >= 0
        since = learned.as_of.astype("datetime64[us]").item()
        live = [
            places[one.variant_id] for one in self._store.since(since) if one.variant_id in places
        ]
        found = Drifted(
            population_stability(
                np.bincount(of_line[known], learned.weight[known], len(styles)).astype(np.float64),
                np.bincount(np.array(live, dtype=np.int64), minlength=len(styles)).astype(float),
            )
            if live
            else 0.0,
            len(live),
        )
        self._held = snapshot.model_id, now, found
        return found
