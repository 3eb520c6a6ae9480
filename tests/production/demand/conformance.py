"""What every demand method honours; a method joins by inheriting `ForecasterTests`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.forecast import LEVELS, Forecast
from production.demand.forecasters import make_forecaster
from production.demand.history import DemandPanel
from production.errors import TooLittleHistory
from tests.production import markets

ORIGIN = markets.START + 62 * markets.WEEK


def same(one: Forecast, other: Forecast) -> None:
    assert list(one.variants) == list(other.variants)
    np.testing.assert_array_equal(one.weekly, other.weekly)
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


class ForecasterTests:
    method: str
    """The method's name in the registry."""

    weeks_needed: int
    """Weeks of history that it needs for a horizon of 4."""

    def forecast(self, panel: DemandPanel, origin: np.datetime64 = ORIGIN) -> Forecast:
        return make_forecaster(self.method).forecast(panel.at(origin, horizon=4))

    def test_answers_a_distribution_of_every_active_variant(self) -> None:
        panel = markets.panel(factors=markets.market())
        found = self.forecast(panel)
        history = panel.at(ORIGIN, horizon=4)
        assert found.method == self.method
        assert list(found.variants) == sorted(history.variants[history.active])
        assert found.quantiles.shape == (len(found.variants), len(LEVELS))
        assert found.weekly.shape == (len(found.variants), 4)
        assert np.isfinite(found.quantiles).all()
        assert (found.quantiles >= 0).all()
        assert (np.diff(found.quantiles, axis=1) >= 0).all()
        assert (found.weekly >= 0).all()
        np.testing.assert_allclose(found.weekly.sum(axis=1), found.mean)

    def test_nothing_planted_after_the_origin_moves_a_forecast(self) -> None:
        clean = self.forecast(markets.panel(factors=markets.market()))
        lines = pd.concat(
            [
                markets.orders(),
                markets.one_line(62, 80_000),
                markets.one_line(62.5, 5_000, variant_id="v001", unit_price=900.0),
                markets.one_line(63, 4_000, variant_id="v999"),
            ]
        )
        factors = markets.market()
        late = factors["date"] >= ORIGIN
        factors.loc[late, "temperature"] = 1e6
        factors.loc[late, "sky"] = "meteor"
        same(clean, self.forecast(markets.panel(lines, factors)))

    def test_a_spike_before_the_origin_does_move_it(self) -> None:
        week = 12 if self.method == "same_weeks_last_year" else 61  # one that it looks at
        lines = pd.concat([markets.orders(), markets.one_line(week, 500, variant_id="v003")])
        spiked, clean = self.forecast(markets.panel(lines)), self.forecast(markets.panel())
        place = list(clean.variants).index("v003")
        assert spiked.mean[place] > clean.mean[place]

    def test_order_of_the_rows_is_irrelevant(self) -> None:
        lines = markets.orders()
        same(
            self.forecast(markets.panel(lines)),
            self.forecast(markets.panel(lines.sample(frac=1, random_state=1))),
        )

    def test_steady_demand_is_forecast_as_it_is(self) -> None:
        found = self.forecast(markets.panel(markets.orders(rate=40.0)))
        rates = 40.0 * (np.arange(24) + 1) / 24 * 2.5 * 4  # lines a week x units a line x weeks
        assert np.abs(found.mean - rates).sum() / rates.sum() < 0.2
        assert np.abs(found.quantiles[:, 3] - rates).sum() / rates.sum() < 0.2

    def test_a_giant_order_leaves_other_variants_alone(self) -> None:
        lines = pd.concat([markets.orders(), markets.one_line(50, 80_000)])
        spiked, clean = self.forecast(markets.panel(lines)), self.forecast(markets.panel())
        assert np.isfinite(spiked.quantiles).all()
        others = np.arange(3, 24)  # apart from its style
        change = np.abs(spiked.quantiles[others, 3] - clean.quantiles[others, 3]).sum()
        assert change < 0.35 * clean.quantiles[others, 3].sum()

    def test_a_single_sale_and_a_gap_of_months_are_sound(self) -> None:
        lines = markets.orders()
        silent = (lines["ordered_at"] >= markets.START + 30 * markets.WEEK) & (
            lines["ordered_at"] < markets.START + 45 * markets.WEEK
        )
        lines = pd.concat([lines[~silent], markets.one_line(61, variant_id="v777")])
        found = self.forecast(markets.panel(lines))
        assert "v777" in found.variants
        assert np.isfinite(found.mean).all()
        assert (np.diff(found.quantiles, axis=1) >= 0).all()

    def test_one_variant_alone_is_forecast(self) -> None:
        found = self.forecast(markets.panel(markets.orders(variants=1)))
        assert found.variants.tolist() == ["v000"]
        assert found.mean[0] > 0

    def test_too_little_history_says_what_is_needed(self) -> None:
        panel = markets.panel()
        self.forecast(panel, markets.START + self.weeks_needed * markets.WEEK)
        with pytest.raises(TooLittleHistory, match=str(self.weeks_needed)) as caught:
            self.forecast(panel, markets.START + (self.weeks_needed - 1) * markets.WEEK)
        assert caught.value.fix
