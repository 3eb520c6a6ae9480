from __future__ import annotations

import numpy as np
import pytest

from recsys.models.personal import Personal
from tests.recsys.conformance import ModelTests, fit, interactions_of


class TestPersonal(ModelTests):
    model = Personal
    collaborative = False

    def test_score_is_the_sum_of_decayed_lines(self) -> None:
        lines = interactions_of([("a", "x", 200), ("a", "x", 400), ("a", "y", 0.5)])
        scores = fit(Personal(), lines).score(lines)[0]
        assert scores[0] == pytest.approx(np.exp(-1) + np.exp(-2), abs=1e-3)

    def test_what_was_never_taken_is_ordered_by_popularity(self) -> None:
        lines = interactions_of([("a", "x", 1), ("b", "y", 9), ("c", "z", 1), ("d", "z", 1)])
        scores = fit(Personal(), lines).score(lines)[0]
        assert scores[0] > scores[2] > scores[1] > 0
