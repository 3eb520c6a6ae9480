from __future__ import annotations

import numpy as np

from recsys.model import Model
from recsys.models.blend import Blend
from recsys.models.ease import Ease
from recsys.models.personal import Personal
from recsys.ranking import rank
from tests.recsys.conformance import ModelTests, fit, random_lines


class TestBlend(ModelTests):
    model = Blend
    uncarried = 0.01  # what the personal part's tie-break adds
    thread_tolerance = 1e-3

    def test_score_is_the_weighted_sum_of_standardized_parts(self) -> None:
        lines = random_lines()
        blend = fit(Blend(), lines)
        settings = blend.settings
        total = np.zeros(lines.shape)
        parts: tuple[tuple[float, Model], ...] = (
            (settings.personal_weight, Personal(settings.personal)),
            (settings.ease_weight, Ease(settings.ease)),
        )
        for weight, part in parts:
            scores = fit(part, lines).score(lines).astype(float)
            taken = scores[:, lines.held()]
            scores -= taken.mean(axis=1, keepdims=True)
            total += weight * scores / taken.std(axis=1, keepdims=True)
        np.testing.assert_allclose(blend.score(lines), total, atol=1e-4)

    def test_without_times_and_what_was_bought_it_orders_as_plain_ease(self) -> None:
        lines = random_lines(customers=40, variants=20)
        lines.age[:] = 0
        mine = rank(fit(Blend(), lines), lines, 5, exclude_seen=True)
        theirs = rank(fit(Ease(), lines), lines, 5, exclude_seen=True)
        np.testing.assert_array_equal(mine.variants, theirs.variants)
