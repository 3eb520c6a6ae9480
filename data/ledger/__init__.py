"""The ledger of custom orders: capacity by resource and day, and who has taken it."""

from data.ledger.ledger import Ledger, open_ledger
from data.ledger.terms import (
    MILLI,
    Capacity,
    Line,
    Need,
    NewOrder,
    OpenOrder,
    Order,
    Receipt,
    RequestKey,
)

__all__ = [
    "MILLI",
    "Capacity",
    "Ledger",
    "Line",
    "Need",
    "NewOrder",
    "OpenOrder",
    "Order",
    "Receipt",
    "RequestKey",
    "open_ledger",
]
