from __future__ import annotations

import pytest

from recsys.models.popularity import Popularity
from tests.recsys.conformance import ModelTests, fit, interactions_of


class TestPopularity(ModelTests):
    model = Popularity
    collaborative = False
    personal = False
    uncarried = None

    def test_recent_lines_count_more(self) -> None:
        lines = interactions_of([("a", "old", 90), ("b", "old", 90), ("c", "new", 1)])
        assert fit(Popularity(), lines).score(lines)[0].argmax() == 0  # "new"

    def test_lines_count_and_units_do_not(self) -> None:
        lines = interactions_of([("a", "x", 5), ("b", "x", 5), ("c", "y", 5)])
        lines.quantity[lines.variant == 1] = 10_000
        scores = fit(Popularity(), lines).score(lines)[0]
        assert scores[0] == pytest.approx(2 * scores[1])
