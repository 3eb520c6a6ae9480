from __future__ import annotations

import numpy as np
import pytest

from production.demand.forecast import LEVELS, DemandHistory
from production.demand.forecasters.newsvendor import Newsvendor, learned_quantities
from production.demand.reading import build_panel
from tests.production import markets


@pytest.fixture(scope="module")
def history() -> DemandHistory:
    """Many variants of which each week's units are known to be uniform between 0 and 2 x rate."""
    return build_panel(markets.uniform_orders(), None, None, markets.SETTINGS).at(
        markets.START + 60 * markets.WEEK, horizon=1
    )


@pytest.mark.parametrize("fractile", [0.25, 0.6, 0.75, 0.9])
def test_it_recovers_the_fractile_of_a_known_market(
    history: DemandHistory, fractile: float
) -> None:
    rates = markets.uniform_rates()
    found = learned_quantities(history, [fractile])[:, 0]
    wanted = 2 * rates * fractile
    assert np.abs(found - wanted).sum() / wanted.sum() < 0.2
    # it is a fractile of what comes as well, over all variants together
    came = np.random.default_rng(1).uniform(0, 2 * rates, (500, len(rates)))
    assert np.mean(came <= found) == pytest.approx(fractile, abs=0.07)


def test_its_quantity_costs_less_than_any_other_multiple_of_it(history: DemandHistory) -> None:
    rates = markets.uniform_rates()
    came = np.random.default_rng(2).uniform(0, 2 * rates, (500, len(rates)))
    found = learned_quantities(history, [0.75])[:, 0]

    def cost(quantity: np.ndarray) -> float:
        short, left = np.maximum(came - quantity, 0), np.maximum(quantity - came, 0)
        return float((3 * short + left).sum())

    assert cost(found) < min(cost(0.8 * found), cost(1.2 * found))


def test_fractiles_ascend_and_the_method_says_them_at_its_levels(history: DemandHistory) -> None:
    several = learned_quantities(history, LEVELS)
    assert (np.diff(several, axis=1) >= 0).all()
    np.testing.assert_array_equal(Newsvendor().forecast(history).quantiles, several)
