from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from recsys.catalogue import Catalogue
from recsys.models.attribute_popularity import AttributePopularity
from tests.recsys.conformance import ModelTests, fit, interactions_of
from tests.recsys.models.goods import goods


class TestAttributePopularity(ModelTests):
    model = AttributePopularity
    settings: ClassVar[dict[str, object]] = {"shares": {"code": 0}}  # the suite has no attributes
    collaborative = False
    personal = False
    uncarried = None

    def test_what_looks_like_the_popular_is_judged_popular(self) -> None:
        catalogue = goods(
            {"a1": "red mug", "a2": "red bowl", "b1": "blue mug", "b2": "blue bowl",
             "new-blue": "blue plate", "new-red": "red plate"}
        )  # fmt: skip
        lines = [(f"c{n}", variant, 1.0) for n in range(9) for variant in ("a1", "a2")]
        lines += [("c0", "b1", 1.0), ("c0", "b2", 1.0)]
        known = interactions_of(lines, catalogue.variants.tolist())
        scores = fit(AttributePopularity(), known, catalogue=catalogue).score(known)[0]
        blue, red = catalogue.position("new-blue"), catalogue.position("new-red")
        assert scores[red] > scores[blue]
        assert scores[catalogue.position("a1")] > scores[red]  # drawn to the mean

    def test_without_attributes_all_launches_are_alike_at_the_mean(self) -> None:
        known = interactions_of([("a", "x", 1), ("b", "x", 1), ("a", "y", 1)], ["x", "y", "z", "q"])
        model = AttributePopularity.build({"shares": {"code": 0}, "recency_days": 1e9})
        scores = fit(model, known, catalogue=Catalogue.of(known.variants)).score(known)[0]
        mean = (np.log1p(2) + np.log1p(1)) / 2
        assert scores[[0, 3]] == pytest.approx([mean, mean], abs=1e-6)
        # one style each: a ridge of lambda 2 keeps a third of the distance from the mean
        assert scores[1] - mean == pytest.approx((np.log1p(2) - mean) / 3, abs=1e-6)
