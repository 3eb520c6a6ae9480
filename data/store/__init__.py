"""The transactional store: what must be durable before it is acknowledged.

It holds live events, API keys, jobs, dead letters, served lists and the ledger's orders; SQLite by
default, PostgreSQL by URL.
"""

from data.store.api_keys import ApiKey
from data.store.events import LIVE_KINDS, LiveEvent
from data.store.store import MOST_EVENTS, Store, open_store

__all__ = ["LIVE_KINDS", "MOST_EVENTS", "ApiKey", "LiveEvent", "Store", "open_store"]
