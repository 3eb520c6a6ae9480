"""Texts to typed values: numbers, times and ids, each checked against its column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.customers import Pseudonyms
from data.days import days_of
from data.grammar import Reading, Spec
from data.tables import Column

LONGEST_ID: Final = 200
EARLIEST: Final = pd.Timestamp("1900-01-01")
CONTROL: Final = "[\x00-\x1f\x7f-\x9f]"
ISO: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?( ?(Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
OFFSET: Final = r"[0-9] ?(?:Z|[+-][0-9]{2}:?[0-9]{2})$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What holds for all columns of a chunk.

    Attributes:
        reading: how the file is written.
        timezone: the shop's clock.
        latest: the latest timestamp that can be true.
        pseudonyms: what customers are called from here on.
        iso_times: times are ISO 8601 whatever the spec's format.
    """

    reading: Reading
    timezone: str
    latest: pd.Timestamp
    pseudonyms: Pseudonyms
    iso_times: bool = False


@dataclass(slots=True)
class Parsed:
    """Typed values of distinct texts.

    Attributes:
        typed: (distinct,) missing where missing or at fault.
        fault: (distinct,) int16, 0 or the position in `faults` from 1.
        faults: (rule, hint) of each kind of fault.
    """

    typed: pd.Series
    fault: NDArray[np.int16]
    faults: list[tuple[str, str]] = field(default_factory=list)

    def mark(self, where: NDArray[np.bool_], rule: str, hint: str) -> None:
        """Put the texts at fault, unless they are already; their values are then missing."""
        fresh = where & (self.fault == 0)
        if fresh.any():
            self.faults.append((rule, hint))
            self.fault[fresh] = len(self.faults)
            self.typed = self.typed.mask(fresh)


def parse(texts: pd.Series, spec: Spec, column: Column, context: Context) -> Parsed:
    """Type the texts of one column and check them against it."""
    if column.kind in {"timestamp", "date"}:
        return _times(texts, spec, column, context)
    if column.kind in {"integer", "number", "money"}:
        return _numbers(texts, spec, column, context)
    return _texts(texts, column)


def _clean(texts: pd.Series) -> NDArray[np.int16]:
    return np.zeros(len(texts), dtype=np.int16)


def _texts(texts: pd.Series, column: Column) -> Parsed:
    parsed = Parsed(texts, _clean(texts))
    if column.kind in {"id", "customer"}:
        strange = _true(texts.str.contains(CONTROL, regex=True))
        parsed.mark(strange, "format", "An id holds no control characters; remove them.")
        parsed.mark(
            _true(texts.str.len() > LONGEST_ID), "format", f"An id has at most {LONGEST_ID} signs."
        )
    if column.choices:
        unknown = ~texts.isin(column.choices).to_numpy() & texts.notna().to_numpy()
        hint = f"One of: {', '.join(column.choices)}; add it to 'values' in the mapping."
        parsed.mark(unknown, "choice", hint)
    return parsed


def _numbers(texts: pd.Series, spec: Spec, column: Column, context: Context) -> Parsed:
    """Finite numbers in the file's own marks, scaled, whole where the column asks for it."""
    values, bad = _floats(texts, context.reading.decimal, context.reading.thousands)
    if spec.scale is not None:
        values = values * spec.scale
    parsed = Parsed(pd.Series(values), _clean(texts))
    parsed.mark(
        bad, "type", f"A number is needed, with '{context.reading.decimal}' as decimal mark."
    )
    with np.errstate(invalid="ignore"):
        if column.kind == "integer":
            broken = np.isfinite(values) & (values != np.round(values))
            parsed.mark(broken, "type", "A whole number is needed.")
        low, high = column.minimum, column.maximum
        if low is not None:
            parsed.mark(values < low, "range", f"At least {low:,.15g} {column.unit}.".strip())
        if high is not None:
            parsed.mark(values > high, "range", f"At most {high:,.15g} {column.unit}.".strip())
        if column.nonzero:
            parsed.mark(values == 0, "range", "Zero says nothing here.")
        parsed.mark(np.isinf(values), "range", "The number is too large.")
    return parsed


def _floats(
    texts: pd.Series, decimal: str, thousands: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Exactly rounded floats (NaN where missing or bad), and where a text is no number."""
    whole = "[0-9]+"
    if thousands:
        whole = f"(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+)"
    mark = re.escape(decimal)
    pattern = rf"[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?"
    good = _true(texts.str.fullmatch(pattern))
    values = np.full(len(texts), np.nan)
    plain = texts[good]
    if thousands:
        plain = plain.str.replace(thousands, "", regex=False)
    if decimal != ".":
        plain = plain.str.replace(decimal, ".", regex=False)
    values[good] = plain.to_numpy(dtype=object).astype(np.float64)
    return values, ~good & texts.notna().to_numpy()


def _times(texts: pd.Series, spec: Spec, column: Column, context: Context) -> Parsed:
    """Times on the shop's own clock, none impossible and none in the future."""
    if spec.days_after is not None:
        days, bad = _floats(texts, ".", "")
        bad |= np.abs(np.nan_to_num(days)) > 1e5  # beyond any calendar
        start = pd.Timestamp(spec.days_after)
        values = start + pd.to_timedelta(pd.Series(np.where(bad, np.nan, days)), unit="D")
        expected = "a number of days"
    elif spec.format == "unix":
        seconds, bad = _floats(texts, ".", "")
        bad |= np.abs(np.nan_to_num(seconds)) > 1e11  # beyond any calendar
        values = pd.to_datetime(pd.Series(np.where(bad, np.nan, seconds)), unit="s", utc=True)
        values = values.dt.tz_convert(context.timezone).dt.tz_localize(None)
        expected = "seconds since 1970"
    else:
        written = None if context.iso_times else spec.format
        values = _calendar(texts, written, context.timezone)
        expected = f"a time like {written}" if written else "an ISO 8601 time (2024-05-31 14:05:00)"
    values = values.astype("datetime64[us]")
    if column.kind == "date":
        values = values.dt.normalize() if not column.midnights else _midnights(values)
    parsed = Parsed(values, _clean(texts))
    impossible = values.isna().to_numpy() & texts.notna().to_numpy()
    hint = f"Not {expected} that the calendar has; set 'format' in the mapping if it is written so."
    parsed.mark(impossible, "format", hint)
    parsed.mark(_true(values < EARLIEST), "range", "The time lies before 1900.")
    if column.kind == "timestamp":
        parsed.mark(_true(values > context.latest), "range", "The time lies in the future.")
    return parsed


def _midnights(values: pd.Series) -> pd.Series:
    return pd.Series(days_of(values.to_numpy()).astype("datetime64[us]"))


def _calendar(texts: pd.Series, written: str | None, timezone: str) -> pd.Series:
    """Naive local times; NaT where a text is not written as it should be."""
    if written is not None and "%z" not in written:
        return pd.to_datetime(texts, format=written, errors="coerce")
    if written is not None:
        moments = pd.to_datetime(texts, format=written, errors="coerce", utc=True)
        return moments.dt.tz_convert(timezone).dt.tz_localize(None)
    plain = texts.where(_true(texts.str.fullmatch(ISO)))
    shifted = _true(plain.str.contains(OFFSET, regex=True)) & _true(plain.str.contains(":"))
    local = pd.to_datetime(plain.mask(shifted), format="ISO8601", errors="coerce")
    if shifted.any():
        moments = pd.to_datetime(plain.where(shifted), format="ISO8601", errors="coerce", utc=True)
        turned = moments.dt.tz_convert(timezone).dt.tz_localize(None)
        local = local.astype("datetime64[us]").where(~shifted, turned.astype("datetime64[us]"))
    return local


def _true(mask: pd.Series) -> NDArray[np.bool_]:
    """A mask whose missing values are False."""
    return mask.fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # pandas' own signature
