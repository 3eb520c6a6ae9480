"""The transactional store: what must be durable before it is acknowledged.

Today it holds live events; SQLite by default, PostgreSQL by URL.
"""

from data.store.events import LIVE_KINDS, LiveEvent
from data.store.store import MOST_EVENTS, Store, open_store

__all__ = ["LIVE_KINDS", "MOST_EVENTS", "LiveEvent", "Store", "open_store"]
