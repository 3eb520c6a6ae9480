from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from production.errors import TooLittleHistory
from tests.production import markets
from tests.production.markets import START, WEEK, one_line


def test_demand_is_the_sum_of_positive_quantities_by_monday_week() -> None:
    lines = pd.concat(
        [
            one_line(0, 3, unit_price=10.0),
            one_line(6 / 7, 2, unit_price=20.0),  # Sunday of the same week
            one_line(6 / 7, -2),  # a return
            one_line(6 / 7, 4, customer_id=pd.NA, unit_price=20.0),  # a walk-in
            one_line(1, 5, unit_price=8.0),
            one_line(3 + 6 / 7, 1, unit_price=9.0),
        ]
    )
    panel = markets.panel(lines)
    assert panel.periods.tolist() == [(START + week * WEEK).item() for week in range(4)]
    assert panel.units.tolist() == [[9.0, 5.0, 0.0, 1.0]]
    assert panel.lines.tolist() == [[3.0, 1.0, 0.0, 1.0]]
    np.testing.assert_allclose(panel.price, [[150 / 9, 8.0, 8.0, 9.0]])


def test_prices_are_carried_forward_and_never_peek() -> None:
    lines = pd.concat([one_line(0, unit_price=1.0), one_line(9 + 6 / 7, unit_price=99.0)])
    history = markets.panel(lines).at(START + 5 * WEEK, horizon=4)
    assert history.price.tolist() == [[1.0] * 5]


def test_the_active_set_sold_within_26_weeks() -> None:
    lines = pd.concat(
        [
            one_line(0, variant_id="old"),
            one_line(1, variant_id="just"),
            one_line(26, variant_id="now"),
            one_line(27, variant_id="later"),
            one_line(40 + 6 / 7, variant_id="end"),
        ]
    )
    history = markets.panel(lines).at(START + 27 * WEEK, horizon=4)
    assert history.variants.tolist() == ["just", "now", "old"]
    assert history.active.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("last_day", "weeks"),
    [(4, 10), (3, 9), (6, 10)],  # Friday closes this shop's week; Thursday does not
)
def test_the_last_week_is_complete_when_the_shop_had_closed_for_it(
    last_day: int, weeks: int
) -> None:
    usual = [one_line(week + day / 7) for week in range(9) for day in (0, 3, 4)]
    lines = pd.concat([*usual, one_line(9), one_line(9 + last_day / 7)])
    assert len(markets.panel(lines).periods) == weeks


def test_origins_are_mondays_within_the_data() -> None:
    panel = markets.panel()
    assert panel.origin(None) == START + 70 * WEEK
    assert panel.origin(np.datetime64("2024-03-13")) == np.datetime64("2024-03-11")
    for outside in ("2023-12-31", "2024-01-03", "2025-05-12", "2030-01-01"):
        with pytest.raises(OutsideData, match="2024-01-01 to 2025-05-04") as caught:
            panel.origin(np.datetime64(outside))
        assert "2024-01-08 to 2025-05-11" in caught.value.fix


def test_no_orders_are_too_little() -> None:
    with pytest.raises(TooLittleHistory, match="no complete week"):
        markets.panel(markets.orders().iloc[:0])


def test_a_single_sale_is_a_panel_of_one_week() -> None:
    panel = markets.panel(one_line(0, 7))
    assert panel.units.tolist() == [[7.0]]


def test_half_a_year_of_silence_leaves_nothing_to_forecast() -> None:
    lines = pd.concat([one_line(0), one_line(60 + 6 / 7)])
    with pytest.raises(TooLittleHistory, match="Nothing was sold in the 26 weeks"):
        markets.panel(lines).at(START + 40 * WEEK, horizon=4)


def test_a_variant_that_the_catalogue_lacks_is_its_own_style() -> None:
    lines = pd.concat([markets.orders(), one_line(3, variant_id="stray")])
    history = markets.panel(lines).at(START + 30 * WEEK, horizon=4)
    place = history.variants.tolist().index("stray")
    assert history.styles[history.style[place]] == "stray"


def test_the_demand_after_an_origin_must_be_complete() -> None:
    panel = markets.panel()
    assert panel.actual(START + 66 * WEEK, 4).sum() == panel.units[:, 66:].sum()
    with pytest.raises(OutsideData):
        panel.actual(START + 67 * WEEK, 4)
