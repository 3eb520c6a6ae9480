from __future__ import annotations

import numpy as np

from data.tables import EVENT_KINDS
from recsys.behaviour import EVENT_WEIGHTS, event_weights


def test_every_kind_of_event_weighs_something_and_less_than_an_order() -> None:
    assert set(EVENT_KINDS) <= set(EVENT_WEIGHTS)
    weights = event_weights(np.array(EVENT_KINDS, dtype=object))
    assert (weights > 0).all()
    assert (weights < EVENT_WEIGHTS["order"]).all()


def test_a_poor_rating_and_an_unknown_kind_weigh_nothing() -> None:
    kinds = np.array(["rating", "rating", "rating", "dance"], dtype=object)
    values = np.array([1.0, 5.0, np.nan, 5.0])
    assert (event_weights(kinds, values) > 0).tolist() == [False, True, True, False]
