"""The heaviest configuration against every configuration of small models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.configuration.checking import faults
from production.configuration.configuration import Configuration, configuration_of
from production.configuration.product import Product
from production.configuration.solving.heaviest import GRAIN, heaviest
from production.configuration.solving.splitting import Unsatisfiable
from production.configuration.uvl.reading import parse_model
from tests.production.configuration.brute_force import configurations, models
from tests.production.configuration.test_exactness import (
    LIMITS,
    having,
    small_limits,
    some_choices,
)


@LIMITS
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_none_weighs_more(limits: tuple[int, int], data: st.DataObject) -> None:
    model = parse_model(data.draw(models(typed=True, most=5)), name="drawn.uvl")
    choices = some_choices(data, model)
    names = [feature.name for feature in model.features]
    each = {name: data.draw(st.sampled_from([-1.0, -0.25, 0.0, 0.5, 0.75])) for name in names}
    with small_limits(*limits):
        product = Product(model)
        said = [choice.literal for choice in product.choices(choices)]
        weights = np.zeros(product.guide.encoded.variables + 1)
        weights[1 : len(names) + 1] = list(each.values())
        left = having(list(configurations(model)), choices)
        if not left:
            with pytest.raises(Unsatisfiable):
                heaviest(product.guide, said, weights)
            return
        status = heaviest(product.guide, said, weights)
    found = configuration_of(product.guide.encoded, status)

    def weight(one: Configuration) -> float:
        return sum(each[name] or -1 / GRAIN for name in one.selected)

    assert faults(model, found) == []
    assert having([found], choices)
    assert weight(found) == pytest.approx(max(map(weight, left)), abs=1e-9)
