"""Generated configurations: what customers chose of the one style that is made to order.

Some order lines of the first shirt are composed: the variant says colour and size, the customer
chooses the rest. A customer's chance of a configuration is softmax over all that the rules allow of

    Σ options (appeal + trend·years + loading·taste + own) + Σ pairs chosen together,

which is known exactly. `products/SH001.uvl` of the sample says the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from data.simulator.catalogue import Catalogue
from data.simulator.categories import CATEGORIES, COLOURS, FACTORS, SIZES
from data.simulator.customers import Customers
from data.simulator.settings import MarketSettings

CATEGORY: Final = "SH"
DAYS_A_YEAR: Final = 365.25

APPEAL: Final = {
    "contrast-collar": -0.3, "button-down": -0.4, "double-cuffs": -0.5, "long-fit": -0.2,
    "horn-buttons": -0.3, "monogram": -1.1, "gift-box": -1.9,
}  # fmt: skip
"""Log odds of each option against the plain one (or none), taste aside."""

TREND: Final = {"button-down": 0.5, "monogram": 0.3, "contrast-collar": -0.3}
"""Change of log odds a year."""

TOGETHER: Final = {
    ("monogram", "gift-box"): 1.6,
    ("double-cuffs", "contrast-collar"): 1.3,
    ("double-cuffs", "button-down"): -1.1,
    ("double-cuffs", "monogram"): 0.7,
    ("long-fit", "horn-buttons"): 0.5,
}
"""Log odds more where both are chosen."""

TASTE: Final = 0.4
"""Standard deviation of how an option speaks to each factor of taste."""
OWN: Final = 0.9
"""Standard deviation of a customer's own leaning to an option."""
LETTERS: Final = (1, 2, 3, 4)
LETTER_SHARE: Final = (0.10, 0.45, 0.35, 0.10)
INITIALS: Final = 2.5
"""Log odds more of as many letters as the customer's own initials have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composers:
    """Why customers choose as they do, and everything that they may choose, colour and size aside.

    Attributes:
        options: (O,) names of the options.
        allowed: (C, O) bool, the configurations that the rules allow on a colour that takes any.
        letters: (C,) int, letters of the monogram; 0 without one.
        together: (C,) float64, log odds of what stands together.
        leaning: (U, O) float64, log odds of each customer, trends aside.
        initials: (U,) int, letters of a customer's own initials.
    """

    options: tuple[str, ...]
    allowed: NDArray[np.bool_]
    letters: NDArray[np.int64]
    together: NDArray[np.float64]
    leaning: NDArray[np.float64]
    initials: NDArray[np.int64]

    def chances(
        self, rows: NDArray[np.int64], blue: NDArray[np.bool_], years: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(rows, C) chance of each configuration, for customers, colours and times in years."""
        trend = np.array([TREND.get(option, 0.0) for option in self.options])
        odds = self.leaning[rows] + years[:, None] * trend  # (rows, O)
        letters = np.log(np.array((1.0, *LETTER_SHARE)))[self.letters]
        own = INITIALS * (self.letters[None, :] == self.initials[rows, None])
        utility = odds @ self.allowed.T + self.together + letters + own * (self.letters > 0)
        contrast = self.allowed[:, self.options.index("contrast-collar")]
        utility = np.where(blue[:, None] & contrast, -np.inf, utility)
        chances: NDArray[np.float64] = softmax(utility, axis=1)
        return chances

    def to_json(self) -> dict[str, object]:
        """What holds of all customers."""
        return {
            "appeal": APPEAL,
            "trend_a_year": TREND,
            "together": [{"options": list(pair), "lift": lift} for pair, lift in TOGETHER.items()],
            "letters": dict(zip(map(str, LETTERS), LETTER_SHARE, strict=True)),
            "own_letters": INITIALS,
            "taste_sd": TASTE,
            "own_sd": OWN,
        }


def draw_composers(customers: Customers, rng: np.random.Generator) -> Composers:
    """How each customer leans, and what there is to choose."""
    options = tuple(APPEAL)
    chosen, letters = [], []
    for row in product((False, True), repeat=len(options)):
        on = {option for option, taken in zip(options, row, strict=True) if taken}
        if _allowed(on):
            for count in LETTERS if "monogram" in on else (0,):
                chosen.append(row)
                letters.append(count)
    allowed = np.array(chosen, dtype=bool)
    together = np.zeros(len(allowed))
    for (one, other), lift in TOGETHER.items():
        together += lift * (allowed[:, options.index(one)] & allowed[:, options.index(other)])
    loading = rng.normal(0, TASTE, (FACTORS, len(options)))
    own = rng.normal(0, OWN, (len(customers), len(options)))
    return Composers(
        options=options,
        allowed=allowed,
        letters=np.array(letters),
        together=together,
        leaning=np.array(list(APPEAL.values())) + customers.taste @ loading + own,
        initials=rng.choice(LETTERS, len(customers), p=LETTER_SHARE),
    )


def _allowed(on: set[str]) -> bool:
    """The rules between options: one collar, horn on the long fit, links in double cuffs."""
    return not (
        {"contrast-collar", "button-down"} <= on
        or ("horn-buttons" in on and "long-fit" not in on)
        or {"horn-buttons", "double-cuffs"} <= on
    )


def configurations_frame(
    settings: MarketSettings,
    catalogue: Catalogue,
    customers: Customers,
    *,
    composers: Composers,
    orders: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The canonical `configurations` table: one option of one composed order line a row.

    Args:
        settings: the share of lines that are composed.
        catalogue: which style it is, and colours and sizes of its variants.
        customers: their names.
        composers: how they choose.
        orders: the canonical orders; a guest chooses as some customer would.
        rng: draws which lines and what is chosen.
    """
    shirt = [category.code for category in CATEGORIES].index(CATEGORY)
    style = int(np.argmax(catalogue.category == shirt))
    is_shirt = (catalogue.category[catalogue.style] == shirt) & (catalogue.style == style)
    sold = orders["variant_id"].isin(catalogue.variant_ids[is_shirt]) & (orders["quantity"] > 0)
    lines = orders[sold.to_numpy()]
    lines = lines[rng.random(len(lines)) < settings.composed].reset_index(drop=True)
    row = pd.Index(customers.ids).get_indexer(pd.Index(lines["customer_id"].astype(object)))
    row = np.where(row < 0, rng.integers(0, len(customers), len(lines)), row)
    variant = pd.Index(catalogue.variant_ids).get_indexer(pd.Index(lines["variant_id"]))
    colour = np.array([name for _, name in COLOURS])[catalogue.colour[variant]]
    age = lines["ordered_at"].to_numpy() - np.datetime64(settings.start, "us")
    years = age / np.timedelta64(1, "D") / DAYS_A_YEAR
    steps = np.cumsum(composers.chances(row, colour == "blue", years), axis=1)
    drawn = (rng.random(len(lines))[:, None] >= steps / steps[:, -1:]).sum(axis=1)
    listed = [
        _listed(composers, int(place), str(shade), size)
        for place, shade, size in zip(
            drawn, colour, np.array(SIZES)[catalogue.size[variant]], strict=True
        )
    ]
    counts = np.array([len(options) for options in listed], dtype=np.int64)
    head = pd.DataFrame(
        {
            "configuration_id": [f"C{300_001 + number}" for number in range(len(lines))],
            "order_id": lines["order_id"],
            "customer_id": lines["customer_id"],
            "style_id": catalogue.style_ids[style],
            "quantity": lines["quantity"],
            "ordered_at": lines["ordered_at"],
        }
    )
    table = head.loc[head.index.repeat(counts)].reset_index(drop=True)
    flat = [pair for options in listed for pair in options]
    table["option"] = pd.Series([option for option, _ in flat], dtype="str")
    table["value"] = pd.Series([value for _, value in flat], dtype="str")
    return table


def _listed(
    composers: Composers, place: int, colour: str, size: str
) -> list[tuple[str, str | None]]:
    """Every option that is on, with its number where it has one."""
    on = {
        option
        for option, taken in zip(composers.options, composers.allowed[place], strict=True)
        if taken
    }
    found: list[tuple[str, str | None]] = [(colour, None), (size, None)]
    found += [] if on & {"contrast-collar", "button-down"} else [("plain-collar", None)]
    found += [] if "double-cuffs" in on else [("single-cuffs", None)]
    found += [(option, None) for option in composers.options if option in on]
    if "monogram" in on:
        found.append(("letters", str(composers.letters[place])))
    return sorted(found)
