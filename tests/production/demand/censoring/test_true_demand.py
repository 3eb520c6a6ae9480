"""Restored demand is nearer to the truth than sales, on markets whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from data.simulator import MarketSettings
from production.demand.censoring.recapture import Recapture
from production.demand.censoring.restore import Restored, Sold, restore_choice, restore_exposure
from tests.production.demand.censoring.shops import (
    Shop,
    by_four,
    choosing_shop,
    simulated_shop,
    wape,
)

DRAWS = 10
NEEDED = 9
LEARNING = 8
"""Weeks left aside at the start: there are no levels yet."""

METHODS: dict[str, Callable[[Sold], Restored]] = {
    "exposure": restore_exposure,
    "choice": restore_choice,
}


def nearer(shop: Shop, found: Restored) -> tuple[bool, bool, bool]:
    """Whether restored units beat sold ones: by week, by four weeks, and in all."""
    restored, sold, truth = (
        values[:, LEARNING:] for values in (found.units, shop.sold.units, shop.demand)
    )
    return (
        wape(restored, truth) < wape(sold, truth),
        wape(by_four(restored), by_four(truth)) < wape(by_four(sold), by_four(truth)),
        abs(restored.sum() - truth.sum()) < abs(sold.sum() - truth.sum()),
    )


@pytest.fixture(scope="module", params=[0.5, 1.6], ids=["little stock", "usual stock"])
def simulated(request: pytest.FixtureRequest) -> list[Shop]:
    return [
        simulated_shop(
            MarketSettings(seed=seed, customers=300, styles=12, weeks=52, cover=request.param)
        )
        for seed in range(DRAWS)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_on_simulated_markets(simulated: list[Shop], method: str) -> None:
    wins = np.array([nearer(shop, METHODS[method](shop.sold)) for shop in simulated])
    assert (wins.sum(axis=0) >= NEEDED).all(), wins.sum(axis=0)


@pytest.mark.parametrize("method", METHODS)
def test_where_every_second_customer_of_a_sibling_stays(method: str) -> None:
    shops = [
        simulated_shop(
            MarketSettings(
                seed=seed, customers=300, styles=12, weeks=52, cover=0.5, substitution=1.0
            )
        )
        for seed in range(DRAWS)
    ]
    wins = np.array([nearer(shop, METHODS[method](shop.sold)) for shop in shops])
    assert (wins.sum(axis=0) >= NEEDED).all(), wins.sum(axis=0)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.8])
def test_on_markets_of_the_choice_model(share: float) -> None:
    shops = [choosing_shop(seed, share) for seed in range(DRAWS)]
    found = [restore_choice(shop.sold) for shop in shops]
    wins = np.array([nearer(shop, one) for shop, one in zip(shops, found, strict=True)])
    assert (wins.sum(axis=0) >= NEEDED).all(), wins.sum(axis=0)
    off = [
        one.units[:, LEARNING:].sum() / shop.demand[:, LEARNING:].sum() - 1
        for shop, one in zip(shops, found, strict=True)
    ]
    assert abs(np.mean(off)) < 0.04


def test_the_choice_model_beats_exposure_where_customers_substitute() -> None:
    shops = [choosing_shop(seed, 0.7) for seed in range(DRAWS)]
    truth = [shop.demand[:, LEARNING:] for shop in shops]

    def errors(restore: Callable[[Sold], Restored]) -> np.ndarray:
        found = [restore(shop.sold).units[:, LEARNING:] for shop in shops]
        return np.array([wape(one, want) for one, want in zip(found, truth, strict=True)])

    assert (errors(restore_choice) < errors(restore_exposure)).sum() >= NEEDED


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_the_market_share_is_found_in_the_past(share: float) -> None:
    shops = [choosing_shop(seed, share, styles=30, weeks=90) for seed in range(5)]
    found = [restore_choice(shop.sold).fits[-1].share for shop in shops]
    assert abs(np.median(found) - share) <= 0.1


def test_stock_that_demand_empties_is_not_taken_for_substitution() -> None:
    shops = [
        simulated_shop(MarketSettings(seed=seed, customers=300, styles=12, substitution=0.0))
        for seed in range(3)
    ]
    assert [restore_choice(shop.sold).fits[-1].share for shop in shops] == [0.0, 0.0, 0.0]


def test_a_period_in_which_something_ran_out_is_no_evidence() -> None:
    seen = Recapture()
    style = np.zeros(3, np.int64)
    seen.see(np.array([9.0, 9.0, 0.0]), np.array([1.0, 0.5, 0.0]), style, np.full(3, 3.0))
    assert not seen.likelihood.any()
    seen.see(np.array([9.0, 9.0, 0.0]), np.array([1.0, 1.0, 0.0]), style, np.full(3, 3.0))
    assert seen.share > 0
