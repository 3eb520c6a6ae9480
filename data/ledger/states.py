"""An order's life: its states, and the steps that lead from one to the next."""

from __future__ import annotations

from typing import Final, Literal, get_args

State = Literal["held", "confirmed", "in_production", "shipped", "returned", "cancelled", "expired"]
STATES: Final[tuple[State, ...]] = get_args(State)
Step = Literal["confirm", "start", "ship", "return", "cancel", "change", "expire"]
Bucket = Literal["held", "committed"]

ALLOWED: Final[dict[State, dict[Step, State]]] = {
    "held": {
        "confirm": "confirmed",
        "cancel": "cancelled",
        "change": "held",
        "expire": "expired",
    },
    "confirmed": {"start": "in_production", "cancel": "cancelled", "change": "confirmed"},
    "in_production": {"ship": "shipped"},
    "shipped": {"return": "returned"},
    "returned": {},
    "cancelled": {},
    "expired": {},
}
"""Where each step leads, by state. Whatever is not here is refused."""

FINISHED: Final[tuple[State, ...]] = ("shipped", "returned", "cancelled", "expired")
"""Orders of which nothing is left to be made."""

BUCKET: Final[dict[State, Bucket]] = {
    "held": "held",
    "confirmed": "committed",
    "in_production": "committed",
    "shipped": "committed",
    "returned": "committed",
}
"""What an order's capacity counts as; work that was done stays committed after a return, and an
order that is not here has none."""
