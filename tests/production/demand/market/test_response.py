from __future__ import annotations

import numpy as np
import pandas as pd

from production.demand.market.response import PENALTIES, learn_response
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings
from tests.production import markets
from tests.production.markets import START, WEEK

SETTINGS = DemandSettings(country="", select=False)


def weekly_orders(units: np.ndarray, variants: tuple[str, ...]) -> pd.DataFrame:
    """One line a variant and week, on its Sunday."""
    weeks = units.shape[1]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "order_id": "o",
                    "customer_id": "c",
                    "variant_id": name,
                    "quantity": units[place],
                    "unit_price": 1.0,
                    "ordered_at": (START + np.arange(weeks) * WEEK + 6).astype("datetime64[us]"),
                }
            )
            for place, name in enumerate(variants)
        ]
    )


def promoted(effect: dict[str, float], weeks: int = 110) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders of v000 (gloves) and v001 (hats) that a promotion multiplies, and the promotion."""
    random = np.random.default_rng(2)
    plan = random.random(weeks) < 0.3
    noise = random.normal(0, 0.05, size=(2, weeks))
    strength = np.array([[effect["gloves"]], [effect["hats"]]])
    units = np.round(1000 * np.exp(strength * plan + noise)).astype(int)
    days = START + np.arange(7 * weeks)
    factors = pd.DataFrame(
        {"date": days.astype("datetime64[us]"), "promotion": np.repeat(plan.astype(float), 7)}
    )
    return weekly_orders(units, ("v000", "v001")), factors


def slopes(lines: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    panel = build_panel(lines, markets.catalogue(2), factors, SETTINGS)
    history = panel.at(START + 104 * WEEK, horizon=4)
    learned = learn_response(history)
    spread = history.regressors.std(ddof=0).to_numpy()
    return pd.DataFrame(learned.slopes / spread, index=learned.groups, columns=learned.names)


def test_a_planted_effect_is_found_for_each_group() -> None:
    found = slopes(*promoted({"gloves": 0.6, "hats": 0.1}))
    assert abs(found["promotion"]["gloves"] - 0.6) < 0.15
    assert abs(found["promotion"]["hats"] - 0.1) < 0.15


def test_a_factor_named_after_a_group_speaks_of_it_alone() -> None:
    lines, factors = promoted({"gloves": 0.6, "hats": 0.0})
    found = slopes(lines, factors.rename(columns={"promotion": "promotion_gloves"}))
    assert found["promotion_gloves"]["gloves"] > 0.4
    assert found.loc["hats", "promotion_gloves"] == 0


def test_noise_gets_no_say() -> None:
    lines, factors = promoted({"gloves": 0.0, "hats": 0.0})
    assert slopes(lines, factors)["promotion"].abs().max() < 0.05


def test_a_short_history_answers_no_response() -> None:
    panel = build_panel(*promoted_panel_parts(), SETTINGS)
    learned = learn_response(panel.at(START + 12 * WEEK, horizon=4))
    assert learned.penalty == PENALTIES[-1]
    np.testing.assert_allclose(learned.factors(), 1.0, atol=1e-4)


def promoted_panel_parts() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    lines, factors = promoted({"gloves": 0.6, "hats": 0.1})
    return lines, markets.catalogue(2), factors
