"""Live events as the recommender takes them: what a customer did since the model was trained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from data.store import LiveEvent


def live_lines(events: Sequence[LiveEvent]) -> pd.DataFrame | None:
    """Lines for `Recommender.recommend(extra=…)`; None where nothing has happened."""
    if not events:
        return None
    names = ("customer_id", "variant_id", "kind", "value", "at")
    frame = pd.DataFrame({name: [getattr(event, name) for event in events] for name in names})
    frame["value"] = frame["value"].astype("float64")
    frame["at"] = frame["at"].astype("datetime64[us]")
    return frame


def local_time(moment: datetime, timezone: str) -> datetime:
    """A moment as the shop's clock shows it; one without an offset already is."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
