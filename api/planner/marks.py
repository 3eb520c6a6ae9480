"""Small drawings of a table's rows, as coordinates of inline SVG.

The page's policy forbids inline styles, so that lengths stand in attributes of SVG elements; where
these take percentages, a drawing is as wide as its cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 120
HEIGHT: Final = 32
"""Of a fan, in units of its own."""

_EDGE: Final = 4.0
_NOW: Final = 84.0
"""Where the past ends and the fan opens."""

_THEN: Final = 114.0
"""Where the horizon ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixMark:
    """A variant's share of its style's demand, in percent of the largest in sight.

    Attributes:
        low, width: where the interval begins, and how wide it is.
        share: the expected share.
        plan: the share of plan and stock.
    """

    low: float
    width: float
    share: float
    plan: float

    @classmethod
    def of(cls, row: Mapping[Any, Any], largest: float) -> MixMark:
        """The mark of a report's row.

        Args:
            row: with share, share_low, share_high and plan_share.
            largest: the share that is 100 %.

        >>> row = {"share": 0.2, "share_low": 0.1, "share_high": 0.4, "plan_share": 0.3}
        >>> MixMark.of(row, 0.4)
        MixMark(low=25.0, width=75.0, share=50.0, plan=75.0)
        """
        whole = 100.0 / largest if largest > 0 else 0.0
        low, high, share, plan = (
            round(whole * float(row[name]), 1)
            for name in ("share_low", "share_high", "share", "plan_share")
        )
        return cls(low=low, width=round(high - low, 1), share=share, plan=plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FanMark:
    """A variant's past windows, and the fan of what comes, on a scale of its own.

    Attributes:
        past: points of the line up to now; empty where nothing is known.
        cone: corners of P10 to P90.
        middle: the line to P50.
        plan: (x, y) of plan and stock.
    """

    past: str
    cone: str
    middle: str
    plan: tuple[float, float]

    @classmethod
    def of(cls, past: Sequence[float], row: Mapping[Any, Any]) -> FanMark:
        """The mark of a report's row.

        Args:
            past: units of past windows, the latest last.
            row: with p10, p50, p90, quantity and on_hand.
        """
        low, middle, high = (float(row[name]) for name in ("p10", "p50", "p90"))
        made = float(row["quantity"]) + float(row["on_hand"])
        most = max([*past, high, made, 1e-9])

        def y(units: float) -> float:
            return round(HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * units / most, 1)

        step = (_NOW - _EDGE) / max(len(past) - 1, 1)
        start = y(past[-1] if past else middle)
        line = [(round(_NOW - step * (len(past) - 1 - i), 1), y(u)) for i, u in enumerate(past)]
        return cls(
            past=_points(line),
            cone=_points([(_NOW, start), (_THEN, y(low)), (_THEN, y(high))]),
            middle=_points([(_NOW, start), (_THEN, y(middle))]),
            plan=(_THEN, y(made)),
        )


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in corners)
