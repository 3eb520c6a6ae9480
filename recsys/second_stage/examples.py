"""Examples: what past origins knew, and what was then bought.

An origin of d days ago is told by the lines that are older than d days alone: the signals are
fitted on them, features are taken from them, and the lines of the horizon that followed say what
was bought. Nothing of the days on or after the moment of the fit exists yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.blend import Blend, BlendSettings
from recsys.ranking import BATCH_CELLS
from recsys.second_stage.features import Features


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A past origin.

    Attributes:
        days: how many days ago it was.
        horizon: days after it that say what was bought.
    """

    days: int
    horizon: int


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates of customers who bought something in an origin's horizon.

    Attributes:
        customer: (M,) int64, position of the customer, ascending.
        features: (M, F) float32, see `Features`.
        blend: (M,) float32, the first stage's score.
        taken: (M,) bool, whether the customer bought the variant in the horizon.
        owned: (M,) bool, whether they had bought it before.
        wanted: (U,) int64, variants that each customer bought in the horizon, candidates or not.
    """

    customer: NDArray[np.int64]
    features: NDArray[np.float32]
    blend: NDArray[np.float32]
    taken: NDArray[np.bool_]
    owned: NDArray[np.bool_]
    wanted: NDArray[np.int64]


def origins(interactions: Interactions, *, horizon: int, step: int, most: int) -> list[Origin]:
    """The past origins to learn from, the latest first; each has two horizons of lines before it.

    The first lies half a horizon back, so that what is learned from is not a month old.

    Args:
        interactions: all lines before the moment of the fit.
        horizon: days that are ranked for.
        step: days between two origins.
        most: how many at most.
    """
    span = int(interactions.age[interactions.bought()].max(initial=0))
    half = max(horizon // 2, 1)
    found = [half, *range(horizon, horizon + step * (most - 1), step)]
    enough = [days for days in found[:most] if days + 2 * horizon <= span]
    return [Origin(days=days, horizon=min(days, horizon)) for days in enough]


def examples_at(
    origin: Origin,
    interactions: Interactions,
    catalogue: Catalogue,
    blend: BlendSettings,
    run: Run,
) -> Examples | None:
    """What one origin teaches; None where nobody it knew bought anything.

    Args:
        origin: when.
        interactions: all lines before the moment of the fit.
        catalogue: attributes of the variants.
        blend: hyperparameters of the first stage.
        run: seed and threads.
    """
    past = interactions.before(origin.days)
    label = _bought(interactions, origin)
    active = np.unique(past.customer[past.bought()])
    customers = active[np.isin(active, label // interactions.shape[1])]
    if not len(customers):
        return None
    features = Features(Blend(blend), origin.horizon).fit(past, catalogue, run)
    size = max(1, BATCH_CELLS // max(interactions.shape[1], 1))
    parts = []
    for start in range(0, len(customers), size):
        batch = customers[start : start + size]
        histories = past.take(batch)
        scores = features.signals.score(histories)
        found = features.describe(histories, scores)
        parts.append((batch[found.row], found, scores["blend"][found.row, found.variant]))
    customer = np.concatenate([part[0] for part in parts])
    variant = np.concatenate([part[1].variant for part in parts])
    key = customer * interactions.shape[1] + variant
    before = past.bought()
    own = past.customer[before].astype(np.int64) * interactions.shape[1] + past.variant[before]
    return Examples(
        customer=customer,
        features=np.concatenate([part[1].features for part in parts]),
        blend=np.concatenate([part[2] for part in parts]),
        taken=np.isin(key, label),
        owned=np.isin(key, own),
        wanted=np.bincount(label // interactions.shape[1], minlength=interactions.shape[0]),
    )


def _bought(interactions: Interactions, origin: Origin) -> NDArray[np.int64]:
    """Customer * V + variant of what was bought in the horizon after an origin, each once."""
    days = interactions.age
    inside = (days <= origin.days) & (days > origin.days - origin.horizon) & interactions.bought()
    keys = interactions.customer[inside].astype(np.int64) * interactions.shape[1]
    return np.unique(keys + interactions.variant[inside])
