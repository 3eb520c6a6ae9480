"""The report as one HTML file: opens without a network, follows light and dark, and prints."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from production.demand.market.calendar import CALENDAR
from production.report import charts
from production.report.come_and_go import LONG_COVER, NEW_WEEKS
from production.report.evidence import FALSE_ALARMS
from production.report.returns import WEEKS as RETURN_WEEKS
from production.report.shown import FILTERS
from production.report.summary import summary_of
from production.report.view import Report

HERE: Final = Path(__file__).parent
STYLES: Final = 10
"""Styles shown in detail."""

ROWS: Final = 2000
"""Variants listed in the page; above, the list is cut and says so."""

DRIVERS: Final = 6
"""Sentences on what drives the demand of all variants."""

EFFECTS: Final = 6
"""Effects of each kind shown."""

CHANGES: Final = 5
"""Variants that rise, and that fall, named in the decision."""

BOTTLENECK: Final = 6
"""Variants named that earn most, and least, of the bottleneck."""

LISTED: Final = 15
"""New variants listed, and variants to stop."""


def render_html(report: Report) -> str:
    """The page; every text from the data is escaped, every chart is inline."""
    return _template().render(
        report=report,
        plan=report.plan,
        style=Markup((HERE / "page.css").read_text()),  # noqa: S704  # our own file
        script=Markup((HERE / "page.js").read_text()),  # noqa: S704  # our own file
        detailed=report.styles(STYLES, several=True),
        rows=report.variants.head(ROWS).to_dict(orient="records"),
        effects={kind: report.effects(kind, EFFECTS) for kind in ("regressor", "term")},
        calendar=CALENDAR,
        figures=summary_of(report),
        reckoned=_reckoned(report),
        DRIVERS=DRIVERS,
        CHANGES=CHANGES,
        BOTTLENECK=BOTTLENECK,
        LISTED=LISTED,
        FALSE_ALARMS=FALSE_ALARMS,
        NEW_WEEKS=NEW_WEEKS,
        RETURN_WEEKS=RETURN_WEEKS,
        LONG_COVER=LONG_COVER,
        chart=_charts(report),
    )


def _reckoned(report: Report) -> float:
    """Units by which the mean that shortage and leftover were read from exceeds the forecast's."""
    variants, gap = report.variants, report.planned
    position = float((variants["quantity"] + variants["on_hand"]).sum())
    return position + gap.shortage - gap.leftover - gap.demand


def _charts(report: Report) -> dict[str, Markup | list[Markup]]:
    """The page's charts; vega escapes what it draws."""
    drawn: dict[str, Markup | list[Markup]] = {
        "gap": Markup(charts.gap_parts(report)),  # noqa: S704
        "demand": Markup(charts.plan_against_demand(report)),  # noqa: S704
        "overtime": Markup(charts.gap_over_time(report)),  # noqa: S704
        "fans": [Markup(charts.fan(report, which)) for which in range(len(report.fans))],  # noqa: S704
    }
    if report.plan.resources:
        drawn["resources"] = Markup(charts.resource_use(report))  # noqa: S704
    if report.capacity is not None:
        drawn["capacity"] = Markup(charts.price_of_capacity(report.capacity))  # noqa: S704
    if report.why is not None:
        drawn["why"] = Markup(charts.waterfall(report.why.all(), "why"))  # noqa: S704
        drawn["fan_why"] = [
            Markup(charts.waterfall(report.why.variant(fan.variant_id), f"why{place}", narrow=True))  # noqa: S704
            for place, fan in enumerate(report.fans)
        ]
    return drawn


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment.get_template("page.html.j2")
