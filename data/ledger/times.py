"""Moments: aware, in UTC, for callers; naive for databases, which keep no offset alike."""

from __future__ import annotations

from datetime import UTC, datetime


def naive(moment: datetime) -> datetime:
    """A moment as the tables hold it: in UTC, without an offset."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """A moment of the tables as callers see it."""
    return moment.replace(tzinfo=UTC)


def now_utc() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)
