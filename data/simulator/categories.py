"""The trade: what is made, of what, in which colours and sizes, and what moves its demand.

These constants are the same in every generated market; only the styles are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of garment.

    Attributes:
        code: two letters that its style ids start with.
        name: the word in the catalogue and in regressor names.
        title: the word in a style's title.
        share: its share of the styles.
        price: middle of its list prices, money a unit.
        peak: week of the year in which its season peaks.
        season: log amplitude of the season.
        warmth: log change of demand for 5 °C above the normal of the week.
        rain: log change for 3 mm a day above the normal of the week.
        gift: log lift in the week before Christmas.
        elasticity: demand moves with (price paid / list price) ** -elasticity.
        cutting: hours of cutting for one unit.
        sewing: hours of sewing for one unit.
        fabric: kilograms of fabric for one unit of size M.
    """

    code: str
    name: str
    title: str
    share: float
    price: float
    peak: int
    season: float
    warmth: float
    rain: float
    gift: float
    elasticity: float
    cutting: float
    sewing: float
    fabric: float


CATEGORIES: Final = (
    Category(code="SH", name="shirts", title="shirt", share=0.25, price=42.0, peak=24,
             season=0.35, warmth=0.14, rain=-0.05, gift=0.25, elasticity=1.8,
             cutting=0.16, sewing=0.75, fabric=0.32),
    Category(code="KN", name="knitwear", title="jumper", share=0.20, price=58.0, peak=49,
             season=0.65, warmth=-0.22, rain=0.03, gift=0.55, elasticity=1.6,
             cutting=0.12, sewing=0.90, fabric=0.48),
    Category(code="TR", name="trousers", title="trousers", share=0.17, price=52.0, peak=40,
             season=0.15, warmth=-0.04, rain=0.0, gift=0.05, elasticity=1.5,
             cutting=0.18, sewing=0.95, fabric=0.52),
    Category(code="DR", name="dresses", title="dress", share=0.15, price=64.0, peak=23,
             season=0.60, warmth=0.22, rain=-0.12, gift=0.10, elasticity=2.2,
             cutting=0.22, sewing=1.10, fabric=0.45),
    Category(code="CO", name="coats", title="coat", share=0.10, price=118.0, peak=45,
             season=0.85, warmth=-0.26, rain=0.22, gift=0.15, elasticity=2.4,
             cutting=0.34, sewing=1.90, fabric=1.30),
    Category(code="SO", name="socks", title="socks", share=0.13, price=9.0, peak=50,
             season=0.25, warmth=-0.06, rain=0.02, gift=0.70, elasticity=1.2,
             cutting=0.02, sewing=0.12, fabric=0.06),
)  # fmt: skip

COLOURS: Final = (
    ("BLK", "black"), ("NAV", "navy"), ("WHI", "white"), ("GRY", "grey"), ("RED", "red"),
    ("GRN", "green"), ("BLU", "blue"), ("SAN", "sand"),
)  # fmt: skip
COLOUR_POPULARITY: Final = (1.0, 1.0, 0.8, 0.6, 0.3, 0.3, 0.5, 0.4)

SIZES: Final = ("XS", "S", "M", "L", "XL", "XXL")
MIDDLE_SIZE: Final = 2
SIZE_SPAN: Final = 0.65
"""How far from a customer's own size still sells: the deviation of a bell, in sizes."""

MATERIALS: Final = (
    ("CO", "cotton"), ("LI", "linen"), ("WO", "wool"), ("RE", "recycled"),
)  # fmt: skip
MATERIAL_PEAK: Final = (0, 26, 0, 0)
MATERIAL_SEASON: Final = (0.0, 0.45, 0.35, 0.0)
MATERIAL_COST: Final = (1.0, 1.15, 1.3, 1.05)

PLANTS: Final = (
    "Alder", "Anise", "Aspen", "Aster", "Basil", "Birch", "Borage", "Briar", "Burdock", "Campion",
    "Caraway", "Cedar", "Chervil", "Clover", "Comfrey", "Cornel", "Cowslip", "Cypress", "Dill",
    "Elder", "Fennel", "Fern", "Flax", "Foxglove", "Furze", "Gorse", "Hawthorn", "Hazel", "Holly",
    "Hyssop", "Iris", "Ivy", "Juniper", "Larch", "Laurel", "Lavender", "Linden", "Lovage",
    "Lupin", "Mallow", "Maple", "Marram", "Medlar", "Mint", "Myrtle", "Nettle", "Oak", "Osier",
    "Poplar", "Quince", "Reed", "Rowan", "Rue", "Sage", "Sedge", "Sorrel", "Tansy", "Teasel",
    "Thyme", "Vetch", "Willow", "Yarrow", "Yew",
)  # fmt: skip

REGIONS: Final = ("England", "Scotland", "Wales", "Northern Ireland")
REGION_SHARE: Final = (0.80, 0.11, 0.06, 0.03)

CHANNELS: Final = ("web", "app", "shop")
CHANNEL_SHARE: Final = (0.55, 0.25, 0.20)

FACTORS: Final = 6
"""Dimensions of style and taste."""

ARCHETYPES: Final = 9
"""Kinds of taste that customers mix."""

FAVOURITES: Final = 5
"""Variants that a customer keeps coming back to, at any one time."""

FAVOURITE_WEEKS: Final = 39
"""Weeks after which a customer's favourites change."""
