"""The canonical tables: the only home of column names, types, units and checks.

Every other module names a column through this one, so that a table has one shape in files,
in memory, in the API and in the docs.

Types in memory (pandas):
    id, text, category   str (missing: NA); an id is never blank and keeps its leading zeros
    customer             str (missing: NA), an id from outside under its pseudonym
    integer, count       int64 (nullable columns: Int64)
    number, money        float64, finite
    timestamp            datetime64[us], naive, the shop's local time
    date                 datetime64[us] at midnight
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "id", "customer", "text", "category", "integer", "number", "money", "timestamp", "date"
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: the canonical name.
        kind: how its values are typed and parsed.
        unit: what one of it is, for people ("units", "money", "local time"); empty for ids.
        required: a table without this column is no such table.
        nullable: single values may be missing.
        minimum: smallest value accepted, inclusive; None for no bound.
        maximum: largest value accepted, inclusive; None for no bound.
        choices: the only texts accepted; empty for any.
        nonzero: zero is refused (an order line of no unit says nothing).
        midnights: days that are midnights of another time zone are meant, see `data.days`.
        about: one line for the docs.
    """

    name: str
    kind: Kind
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    nonzero: bool = False
    midnights: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table.

    Attributes:
        name: the table's name, also its file's stem in the workspace.
        columns: its columns in canonical order.
        key: the columns that identify a row; empty where exact duplicates alone are repeats.
        open_columns: further columns are kept, as attributes or regressors.
        about: one line for the docs.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    open_columns: bool = False
    about: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical column names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


# A bound on every quantity: above it a row is a slip of the hand, not an order.
MOST_UNITS: Final = 1_000_000
MOST_MONEY: Final = 1e9

EVENT_KINDS: Final = ("view", "click", "cart", "rating", "search")

_variant = Column("variant_id", "id", about="one producible, sellable form of a style (a SKU)")
_resource = Column("resource_id", "id", about="anything limited: hours, material, money")

ORDERS: Final = Table(
    "orders",
    (
        Column("order_id", "id", about="the order that the line belongs to"),
        Column("customer_id", "customer", nullable=True,
               about="who ordered; missing for a walk-in"),
        _variant,
        Column("quantity", "integer", "units", minimum=-MOST_UNITS, maximum=MOST_UNITS,
               nonzero=True, about="units of one order line; negative for a return"),
        Column("unit_price", "money", "money a unit", minimum=0, maximum=MOST_MONEY,
               about="price of one unit as paid"),
        Column("ordered_at", "timestamp", "local time", about="when the order was placed"),
        Column("region", "category", required=False, nullable=True, about="where it went"),
        Column("channel", "category", required=False, nullable=True, about="how it came in"),
        Column("reason", "category", required=False, nullable=True,
               about="why units came back; of returns alone"),
    ),
    about="sales: one variant bought in one order a row",
)  # fmt: skip

CANCELLED: Final = Table(
    "cancelled",
    ORDERS.columns,
    about="order lines as they were before a cancellation took units off them: an import's own "
    "memory, so that an export that overlaps brings none of them back",
)

EVENTS: Final = Table(
    "events",
    (
        Column("customer_id", "customer", about="who"),
        _variant,
        Column("kind", "category", choices=EVENT_KINDS, about="what the customer did"),
        Column("value", "number", required=False, nullable=True, minimum=-1e6, maximum=1e6,
               about="a rating's value, a view's seconds"),
        Column("at", "timestamp", "local time", about="when"),
    ),
    about="behaviour: one view, click, cart, rating or search a row",
)  # fmt: skip

VARIANTS: Final = Table(
    "variants",
    (
        _variant,
        Column("style_id", "id", about="the product as a customer thinks of it"),
        Column("title", "text", required=False, nullable=True, about="its name for people"),
        Column("price", "money", "money a unit", required=False, nullable=True, minimum=0,
               maximum=MOST_MONEY, about="list price"),
        Column("unit_cost", "money", "money a unit", required=False, nullable=True, minimum=0,
               maximum=MOST_MONEY, about="what making one unit costs"),
        Column("salvage_value", "money", "money a unit", required=False, nullable=True, minimum=0,
               maximum=MOST_MONEY, about="what a unit left over still brings"),
        Column("goodwill_cost", "money", "money a unit", required=False, nullable=True, minimum=0,
               maximum=MOST_MONEY, about="what a missing unit costs beyond its margin"),
        Column("introduced_at", "date", required=False, nullable=True, about="first day on sale"),
        Column("discontinued_at", "date", required=False, nullable=True,
               about="first day no longer on sale"),
    ),
    key=("variant_id",),
    open_columns=True,
    about="the catalogue: one variant a row, any attribute columns (colour, size, …)",
)  # fmt: skip

MARKET: Final = Table(
    "market",
    (
        Column("date", "date", midnights=True, about="the day that the regressors describe"),
        Column("region", "category", required=False, nullable=True, about="where; missing: all"),
    ),
    key=("date", "region"),
    open_columns=True,
    about="market factors: one day (and region) a row, any numeric or categorical regressors",
)  # fmt: skip

RESOURCES: Final = Table(
    "resources",
    (
        _resource,
        Column("period", "date", required=False, nullable=True,
               about="first day of the week that the capacity holds for; missing: any week"),
        Column("capacity", "number", "resource units a week", minimum=0, maximum=1e12,
               about="how much there is in one week"),
        Column("unit", "text", required=False, nullable=True, about="what one of it is: h, kg"),
        Column("extra_unit_cost", "money", "money a resource unit", required=False, nullable=True,
               minimum=0, maximum=MOST_MONEY, about="price of one more, where it can be had"),
    ),
    key=("resource_id", "period"),
    about="anything limited, by week",
)  # fmt: skip

USAGE: Final = Table(
    "usage",
    (
        Column("variant_id", "id", required=False, nullable=True, about="the variant that uses it"),
        Column("style_id", "id", required=False, nullable=True,
               about="or the style, for all its variants"),
        Column("option", "id", required=False, nullable=True, about="or the option"),
        Column("region", "category", required=False, nullable=True,
               about="where the units go to; missing: wherever"),
        _resource,
        Column("amount", "number", "resource units a unit", minimum=0, maximum=1e9,
               about="what one unit takes"),
        Column("setup_amount", "number", "resource units a lot", required=False, nullable=True,
               minimum=0, maximum=1e9, about="what starting a lot takes"),
    ),
    key=("variant_id", "style_id", "option", "region", "resource_id"),
    about="what one unit of a variant (or style, or option) takes of a resource",
)  # fmt: skip

LOTS: Final = Table(
    "lots",
    (
        _variant,
        Column("minimum", "integer", "units", required=False, nullable=True, minimum=0,
               maximum=MOST_UNITS, about="smallest lot, where any is made"),
        Column("multiple", "integer", "units", required=False, nullable=True, minimum=1,
               maximum=MOST_UNITS, about="lots are whole multiples of it"),
        Column("maximum", "integer", "units", required=False, nullable=True, minimum=0,
               maximum=MOST_UNITS, about="most that may be made in a plan"),
        Column("on_hand", "integer", "units", required=False, nullable=True, minimum=0,
               maximum=MOST_UNITS, about="stock at the plan's start"),
        Column("frozen", "integer", "units", required=False, nullable=True, minimum=0,
               maximum=MOST_UNITS, about="quantity already released, not to be changed"),
        Column("lead_time_weeks", "integer", "weeks", required=False, nullable=True, minimum=0,
               maximum=520, about="whole weeks from the start of making to the sale; missing: 0"),
    ),
    key=("variant_id",),
    about="how a variant can be made",
)  # fmt: skip

STOCK: Final = Table(
    "stock",
    (
        _variant,
        Column("date", "date", about="the day from which the row holds: until the variant's next "
               "row, and a week at most"),
        Column("in_stock", "number", "share", required=False, nullable=True, minimum=0, maximum=1,
               about="share of that time in which the variant could be bought; missing: whether "
               "any was on hand"),
        Column("on_hand", "integer", "units", required=False, nullable=True, minimum=-MOST_UNITS,
               maximum=MOST_UNITS, about="units at the beginning of it; below zero: owed"),
    ),
    key=("variant_id", "date"),
    about="what could be bought when: one day or week of a variant a row",
)  # fmt: skip

CONFIGURATIONS: Final = Table(
    "configurations",
    (
        Column("configuration_id", "id", about="one composed product; its options are its rows"),
        Column("order_id", "id", required=False, nullable=True,
               about="the order that it stands in"),
        Column("customer_id", "customer", required=False, nullable=True,
               about="who composed it; missing for a walk-in"),
        Column("style_id", "id", about="the style that it is a configuration of"),
        Column("quantity", "integer", "units", required=False, nullable=True, minimum=1,
               maximum=MOST_UNITS, about="units that were ordered of it; missing: 1"),
        Column("ordered_at", "timestamp", "local time", about="when it was ordered"),
        Column("option", "id", about="an option that is on"),
        Column("value", "text", required=False, nullable=True,
               about="its number, text or instances, where it has them"),
    ),
    key=("configuration_id", "option"),
    about="what customers composed: one option of one configuration a row",
)  # fmt: skip

KNOWLEDGE: Final = Table(
    "knowledge",
    (
        Column("answer_id", "id", about="one entry: a question and its answer in one language"),
        Column("question", "text", about="as customers ask it"),
        Column("answer", "text", about="what they are told"),
        Column("also_asked", "text", required=False, nullable=True,
               about="other ways to ask it, separated by |"),
        Column("style_id", "id", required=False, nullable=True,
               about="the style that it is about; missing: of no one style"),
        Column("language", "category", required=False, nullable=True,
               about="its language, such as en or zh"),
    ),
    key=("answer_id",),
    about="what customers ask and are told: one entry a row",
)  # fmt: skip

CUSTOMER: Final = "customer_id"
FREE_TEXT: Final = ("reason",)
"""Columns in which people may have written of a customer."""

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        ORDERS, EVENTS, VARIANTS, MARKET, RESOURCES, USAGE, LOTS, STOCK, CONFIGURATIONS,
        KNOWLEDGE,
    )
}  # fmt: skip
