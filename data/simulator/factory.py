"""The generated factory: resources, what a unit takes of them, lots and options."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulator.catalogue import NEVER, Catalogue
from data.simulator.categories import CATEGORIES, MIDDLE_SIZE
from data.simulator.settings import MarketSettings

# (resource_id, unit, capacity beside the scarcest one's share, price of one more)
RESOURCES: Final = (
    ("cutting", "h", 1.30, 24.0),
    ("sewing", "h", 1.00, 21.0),
    ("fabric", "kg", 1.10, 14.0),
)
HORIZON: Final = 4
"""Weeks whose expected demand capacity is measured by."""

FABRIC_BY_SIZE: Final = 0.06
"""Share of fabric more for each size above M."""

# (option, what it stands in for, price, [(resource_id, amount)])
OPTIONS: Final = (
    ("monogram", "embroidery", 12.0, (("sewing", 0.20),)),
    ("contrast-collar", "collar", 9.0, (("cutting", 0.05), ("sewing", 0.15), ("fabric", 0.05))),
    ("lining-silk", "lining", 35.0, (("cutting", 0.08), ("sewing", 0.40))),
    ("lining-quilted", "lining", 28.0, (("sewing", 0.50), ("fabric", 0.25))),
    ("horn-buttons", "buttons", 7.0, (("sewing", 0.05),)),
    ("long-fit", "fit", 6.0, (("fabric", 0.10),)),
)

OPTION_RULES: Final = (
    {"rule": "at most one of", "options": ["lining-silk", "lining-quilted"]},
    {"rule": "only for", "options": ["lining-silk", "lining-quilted"], "categories": ["coats"]},
    {"rule": "only for", "options": ["contrast-collar"], "categories": ["shirts"]},
    {"rule": "requires", "options": ["horn-buttons"], "needs": ["long-fit", "lining-quilted"]},
    {"rule": "never for", "options": ["monogram", "long-fit"], "categories": ["socks"]},
)


def draw_usage(
    catalogue: Catalogue, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """The canonical `usage` table, and the same as an array.

    Cutting and sewing go by style, fabric by variant (larger sizes take more), options by
    option.

    Returns:
        The table, and (R, V) float64 resource units a unit.
    """
    of_style = np.array([(c.cutting, c.sewing) for c in CATEGORIES])[catalogue.category]  # (S, 2)
    of_style = np.round(of_style * rng.lognormal(0, 0.12, of_style.shape), 3)
    setup = np.round(of_style * rng.uniform(0.5, 1.5, of_style.shape), 2)
    fabric = np.array([c.fabric for c in CATEGORIES])[catalogue.category]
    fabric = fabric * rng.lognormal(0, 0.10, len(fabric))
    larger = 1 + FABRIC_BY_SIZE * (catalogue.size - MIDDLE_SIZE)
    of_variant = np.round(fabric[catalogue.style] * larger, 3)
    parts = [
        pd.DataFrame(
            {
                "style_id": catalogue.style_ids,
                "resource_id": name,
                "amount": of_style[:, place],
                "setup_amount": setup[:, place],
            }
        )
        for place, name in enumerate(("cutting", "sewing"))
    ]
    parts.append(
        pd.DataFrame(
            {
                "variant_id": catalogue.variant_ids,
                "resource_id": "fabric",
                "amount": of_variant,
            }
        )
    )
    parts.append(
        pd.DataFrame(
            [(option, name, amount) for option, _, _, uses in OPTIONS for name, amount in uses],
            columns=["option", "resource_id", "amount"],
        )
    )
    table = pd.concat(parts, ignore_index=True).reindex(
        columns=["variant_id", "style_id", "option", "resource_id", "amount", "setup_amount"]
    )
    return table, np.vstack([of_style[catalogue.style].T, of_variant])


def resources_frame(
    settings: MarketSettings,
    usage: NDArray[np.float64],
    expected: NDArray[np.float64],
    on_hand: NDArray[np.int64],
) -> pd.DataFrame:
    """The canonical `resources` table, the same every week.

    The scarcest resource has `settings.capacity` of what the demand of the first HORIZON
    weeks after the last order takes, stock on hand taken off; the others have more.
    """
    horizon = expected[settings.weeks : settings.weeks + HORIZON]
    units = np.maximum(horizon.sum(axis=0) - on_hand, 0.0) / len(horizon)
    need = usage @ units
    return pd.DataFrame(
        {
            "resource_id": [name for name, _, _, _ in RESOURCES],
            "capacity": [
                float(np.ceil(settings.capacity * room * taken))
                for (_, _, room, _), taken in zip(RESOURCES, need, strict=True)
            ],
            "unit": [unit for _, unit, _, _ in RESOURCES],
            "extra_unit_cost": [price for _, _, _, price in RESOURCES],
        }
    )


def lots_frame(
    settings: MarketSettings, catalogue: Catalogue, on_hand: NDArray[np.int64]
) -> pd.DataFrame:
    """The canonical `lots` table of the variants still on sale after the last week.

    Socks are made by the half dozen, coats one by one but never just one; the rest in pairs.
    """
    codes = np.array([c.code for c in CATEGORIES])[catalogue.category][catalogue.style]
    made = (catalogue.withdrawal == NEVER) & (catalogue.launch < settings.weeks)
    multiple = np.select([codes == "SO", codes == "CO"], [6, 1], 2)
    minimum = np.select([codes == "SO", codes == "CO"], [12, 2], 4)
    lots = pd.DataFrame(
        {
            "variant_id": catalogue.variant_ids,
            "minimum": minimum,
            "multiple": multiple,
            "on_hand": on_hand,
        }
    )
    kept: pd.DataFrame = lots.loc[made].reset_index(drop=True)
    return kept


def options() -> dict[str, object]:
    """Options of custom orders and the rules between them."""
    return {
        "options": [
            {"option": option, "group": group, "price": price}
            for option, group, price, _ in OPTIONS
        ],
        "rules": list(OPTION_RULES),
    }
