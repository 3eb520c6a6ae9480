"""How pages show numbers, days and sentences, as filters of their templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from production.report.live import minute

DASH: Final = "\u2013"
"""Where there is no number."""

MINUS: Final = "\u2212"


def sentence(text: str) -> str:
    """A text as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def brief(why: str) -> str:
    """The first two causes."""
    shown = ", ".join(re.split(r", (?=[+-]\d)", why)[:2])
    return re.sub(r"(?<!\S)-(?=\d)", MINUS, shown)


def day(day: pd.Timestamp) -> str:
    """A day without its time; a dash where there is none."""
    return DASH if pd.isna(day) else str(day.date())


def figure(number: float | None, kind: str) -> str:
    """A number as its kind is shown; a dash where there is none."""
    if number is None or np.isnan(number):
        return DASH
    shown = {"money": money, "share": percent, "decimal": tenths}.get(kind, units)
    return shown(number)


def tenths(number: float) -> str:
    """One decimal."""
    return f"{number:,.1f}"


def units(number: float) -> str:
    """Whole above ten, one decimal below; no sign on zero."""
    text = f"{number:,.0f}" if abs(number) >= 10 or number == int(number) else f"{number:,.1f}"
    return "0" if text in {"-0", "-0.0", "0.0"} else text


def money(number: float) -> str:
    """Whole above a hundred, two decimals below."""
    text = f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.2f}"
    return text.replace("-", MINUS)


def percent(share: float) -> str:
    """Whole above 10 %, one decimal below."""
    return f"{share:.0%}" if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}"


FILTERS: Final[dict[str, Callable[..., str]]] = {
    one.__name__: one for one in (units, money, percent, sentence, figure, day, minute, brief)
}
"""By the name that templates use."""
