"""Small made-up markets for the demand tests: orders with known rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.history import DemandPanel
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings

START = np.datetime64("2024-01-01")  # a Monday
WEEK = np.timedelta64(7, "D")
SETTINGS = DemandSettings()


def orders(
    *, variants: int = 24, weeks: int = 70, seed: int = 3, rate: float = 6.0
) -> pd.DataFrame:
    """Poisson order lines on Mondays to Sundays; variant v sells at rate (v + 1) / V * rate."""
    random = np.random.default_rng(seed)
    rates = rate * (np.arange(variants) + 1) / variants
    counts = random.poisson(rates[:, None], size=(variants, weeks))
    row, week = np.nonzero(counts)
    repeat = counts[row, week]
    row, week = np.repeat(row, repeat), np.repeat(week, repeat)
    lines = len(row)
    day = random.integers(7, size=lines)
    day[:2] = (0, 6)  # the data reach from a Monday ...
    week[:2] = (0, weeks - 1)  # ... to a Sunday
    customers = pd.array([f"c{who:03d}" for who in random.integers(60, size=lines)], dtype="str")
    return pd.DataFrame(
        {
            "order_id": pd.array([f"o{line:06d}" for line in range(lines)], dtype="str"),
            "customer_id": customers,
            "variant_id": pd.array([f"v{one:03d}" for one in row], dtype="str"),
            "quantity": random.integers(1, 5, size=lines),
            "unit_price": 10.0 + row % 3,
            "ordered_at": (START + week * WEEK + day).astype("datetime64[us]"),
        }
    )


def uniform_rates(variants: int = 60) -> NDArray[np.float64]:
    """(V,) mean units a week of `uniform_orders`."""
    return np.linspace(10.0, 100.0, variants)


def uniform_orders(weeks: int = 60, seed: int = 4) -> pd.DataFrame:
    """One order line a variant and week, of whole units uniform from 0 to twice its rate."""
    random = np.random.default_rng(seed)
    rates = uniform_rates()
    units = np.rint(random.uniform(0, 2 * rates[:, None], (len(rates), weeks))).astype(np.int64)
    row, week = np.nonzero(units)
    day = np.where(np.arange(len(row)) % 2, 6, 0)
    return pd.DataFrame(
        {
            "order_id": pd.array([f"o{line:06d}" for line in range(len(row))], dtype="str"),
            "customer_id": pd.array([f"c{line % 60:03d}" for line in range(len(row))], dtype="str"),
            "variant_id": pd.array([f"v{one:03d}" for one in row], dtype="str"),
            "quantity": units[row, week],
            "unit_price": np.full(len(row), 10.0),
            "ordered_at": (START + week * WEEK + day).astype("datetime64[us]"),
        }
    )


def catalogue(count: int = 24) -> pd.DataFrame:
    """Styles of three variants, in two categories."""
    place = range(count)
    return pd.DataFrame(
        {
            "variant_id": pd.array([f"v{one:03d}" for one in place], dtype="str"),
            "style_id": pd.array([f"s{one // 3:03d}" for one in place], dtype="str"),
            "category": pd.array(["hats" if one % 2 else "gloves" for one in place], dtype="str"),
        }
    )


def market(weeks: int = 80, seed: int = 5) -> pd.DataFrame:
    """Daily promotion (known ahead), temperature and a text, from START on."""
    random = np.random.default_rng(seed)
    days = 7 * weeks
    return pd.DataFrame(
        {
            "date": (START + np.arange(days)).astype("datetime64[us]"),
            "promotion": np.repeat(random.random(weeks) < 0.3, 7).astype(float),
            "temperature": 10 + 8 * np.sin(np.arange(days) / 58) + random.normal(size=days),
            "sky": pd.array(random.choice(["clear", "grey", "rain"], size=days), dtype="str"),
        }
    )


def one_line(week: float, quantity: int = 1, **other: object) -> pd.DataFrame:
    """One order line, at a number of weeks after START."""
    at = (START + np.timedelta64(round(week * 7), "D")).astype("datetime64[us]")
    line = {"order_id": "extra", "customer_id": "c000", "variant_id": "v000", "unit_price": 10.0}
    return (
        pd.DataFrame([{**line, "quantity": quantity, **other}])
        .assign(ordered_at=at)
        .astype(dict.fromkeys(line, "str") | {"unit_price": float})
    )


def panel(lines: pd.DataFrame | None = None, factors: pd.DataFrame | None = None) -> DemandPanel:
    """A panel of made-up orders."""
    return build_panel(orders() if lines is None else lines, catalogue(), factors, SETTINGS)
