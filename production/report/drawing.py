"""How the report's charts are drawn: Altair describes them, vl-convert draws them, offline.

Colours are drawn as placeholders and replaced by the page's CSS variables, so that a chart
follows the page into dark mode and onto paper.
"""

from __future__ import annotations

import re
from typing import Any, Final

import altair as alt
import vl_convert

WIDTH: Final = 380
COLOURS: Final = {
    "#010101": "ink",
    "#020202": "muted",
    "#030303": "grid",
    "#040404": "accent",
    "#050505": "other",
    "#060606": "band",
    "#070707": "alarm",
}
INK, MUTED, GRID, ACCENT, OTHER, BAND, ALARM = COLOURS
SHORT_NUMBERS: Final = alt.Axis(
    tickCount=5, format="~s", labelExpr="datum.value === 0 ? '0' : datum.label"
)
NAMED: Final = 32
"""Characters of a name that fit beside a chart."""


def short(name: str) -> str:
    """A name that fits beside a chart."""
    return name if len(name) <= NAMED else name[: NAMED - 1] + "…"


def svg(chart: Any, name: str, *, width: int, height: int | None = None) -> str:
    """The chart as an SVG element with ids of its own and the page's colours."""
    sized = chart.properties(width=width)
    if height is not None:
        sized = sized.properties(height=height)
    styled = sized.configure_view(stroke=None).configure(
        font="sans-serif",
        axis={
            "labelColor": INK, "titleColor": MUTED, "gridColor": GRID, "domainColor": GRID,
            "tickColor": GRID, "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "labelLimit": 220,
        },
        legend={"labelColor": INK, "labelFontSize": 12, "orient": "top"},
        text={"fontSize": 12},
    )  # fmt: skip
    specification = styled.to_dict(validate=False) | {"background": None}
    drawn: str = vl_convert.vegalite_to_svg(specification)
    for placeholder, variable in COLOURS.items():
        drawn = drawn.replace(placeholder, f"var(--{variable})")
    drawn = re.sub(r'(id="|url\(#)', rf"\g<1>{name}-", drawn)
    return drawn.replace("<svg ", '<svg aria-hidden="true" ', 1)
