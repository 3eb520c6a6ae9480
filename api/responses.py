"""What customers did, as policies and experiments are judged by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import pandas as pd

from data.store import LiveEvent, Store
from data.tables import EVENTS, ORDERS
from data.workspace import Workspace

ORDER: Final = "order"
_COLUMNS: Final = ("customer_id", "variant_id", "at")


def responses_since(store: Store, since: datetime, kinds: Collection[str]) -> pd.DataFrame:
    """Live events of some kinds from a moment on, returns left out: customer_id, variant_id, at."""
    events = [one for one in store.since(since) if one.kind in kinds and not _is_return(one)]
    frame = pd.DataFrame([(one.customer_id, one.variant_id, one.at) for one in events],
                         columns=list(_COLUMNS))  # fmt: skip
    return frame.astype({"customer_id": "str", "variant_id": "str", "at": "datetime64[us]"})


def responses_of(
    workspace: Workspace, store: Store, since: datetime, kinds: Collection[str]
) -> pd.DataFrame:
    """The same, with what has been imported since; what is there twice is told once."""
    parts = [responses_since(store, since, kinds)]
    if ORDER in kinds and workspace.has(ORDERS):
        orders = workspace.read(ORDERS)
        bought = orders[(orders["quantity"] > 0) & orders["customer_id"].notna()]
        parts.append(bought.rename(columns={"ordered_at": "at"}))
    if workspace.has(EVENTS):
        events = workspace.read(EVENTS)
        parts.append(events[events["kind"].isin(set(kinds) - {ORDER})])
    found = pd.concat([part[list(_COLUMNS)] for part in parts if len(part)] or parts[:1])
    found = found[found["at"] >= pd.Timestamp(since)].drop_duplicates()
    return found.astype({"customer_id": "str", "variant_id": "str", "at": "datetime64[us]"})


def _is_return(event: LiveEvent) -> bool:
    """Whether units came back: that is no sign that what was shown pleased."""
    return event.kind == ORDER and (event.value or 0) <= 0
