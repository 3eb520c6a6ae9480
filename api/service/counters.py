"""What is counted of requests, lists and events; no label names a customer, a variant or a key.

Where several workers serve, each counts in files of a folder that `PROMETHEUS_MULTIPROC_DIR` names,
from which any of them reads the sums.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
    60,
)  # fmt: skip
"""Seconds: from the fast lane's to a plan's."""

REQUESTS: Final = Histogram(
    "atelier_request_seconds",
    "Time of a request, by the route's template.",
    ("method", "route", "status"),
    buckets=BUCKETS,
)
LISTS: Final = Counter(
    "atelier_lists",
    "Lists answered for customers, by what stood in for the model ('none': nothing).",
    ("fallback",),
)
LOGGED: Final = Counter(
    "atelier_plain_lists",
    "Plain lists for the log by outcome: logged, dropped (too many waited), lost (store failed).",
    ("outcome",),
)
REFUSALS: Final = Counter("atelier_rate_refusals", "Requests refused because of a rate limit.")
EVENTS: Final = Counter("atelier_events", "Live events stored that were not there before.")
MESSAGES: Final = Counter(
    "atelier_messages",
    "Messages of a broker by outcome: stored, dead (set aside), returned (to come again).",
    ("outcome",),
)
STEPS: Final = Counter(
    "atelier_order_steps",
    "Steps of orders that were done, by the state that they led to.",
    ("state",),
)
SHORT: Final = Counter(
    "atelier_holds_refused", "Orders refused because capacity was short; none is ever oversold."
)

ALL: Final = (REQUESTS, LISTS, LOGGED, REFUSALS, EVENTS, MESSAGES, STEPS, SHORT)
"""What `/metrics` tells of them."""
