"""What the planner's page shows, computed once for a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from api.planner.marks import FanMark, MixMark
from production.demand.drivers import Driver
from production.plans.plan import PlanResource
from production.report import Report, charts
from production.report.view import Style
from recsys.interactions import Interactions
from recsys.recommender import Recommender

STYLES: Final = 12
"""Styles shown with their mix; the search finds the others."""

ROWS: Final = 8
"""Variants of each shown there; the style's own page has all, up to MOST_ROWS."""

MOST_ROWS: Final = 500
SCOPES: Final = 200
"""Styles that a promotion can be tried on from the page."""

SLIDERS: Final = 8
"""Resources that have a slider, the tightest first."""

TAKEN: Final = 8
"""Lines of a customer's history shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One variant of a style.

    Attributes:
        line: its row of the report's variants.
        name: its title without what the style's variants have in common; may be empty.
        mix: its share.
        fan: its past and what comes.
    """

    line: Mapping[Any, Any]
    name: str
    mix: MixMark
    fan: FanMark


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleView:
    """A style with its variants.

    Attributes:
        style: the report's.
        rows: those shown, the largest expected demand first.
        why: what drives its demand; empty where the forecast does not say.
    """

    style: Style
    rows: tuple[Row, ...]
    why: tuple[Driver, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A plan at a glance.

    Attributes:
        report: what it is about.
        styles: the largest, with their mix.
        scopes: (id, title) of the styles that a promotion can be tried on.
        sliders: resources whose capacity can be tried, the tightest first.
        gap: the chart of the gap over time.
        demand: the chart of plan against demand.
        base: units, profit, gap and cost as a what-if begins with; None where it cannot be asked.
        notes: where that is not the plan as it was kept.
    """

    report: Report
    styles: tuple[StyleView, ...]
    scopes: tuple[tuple[str, str], ...]
    sliders: tuple[PlanResource, ...]
    gap: Markup
    demand: Markup
    base: Mapping[str, float] | None
    notes: tuple[str, ...] = ()


def overview_of(
    report: Report, base: Mapping[str, float] | None, notes: tuple[str, ...] = ()
) -> Overview:
    """The overview of a report.

    Args:
        report: of a plan.
        base: what a what-if begins with.
        notes: what to know of that.
    """
    largest = report.styles(SCOPES, several=False)
    tight = sorted(report.plan.resources, key=lambda one: -one.shadow_price * one.capacity)
    return Overview(
        report=report,
        styles=tuple(style_view(report, style, ROWS) for style in largest[:STYLES]),
        scopes=tuple((style.style_id, style.title) for style in largest),
        sliders=tuple(tight[:SLIDERS]),
        gap=Markup(charts.gap_over_time(report)),  # noqa: S704  # vega escapes what it draws
        demand=Markup(charts.plan_against_demand(report)),  # noqa: S704  # likewise
        base=base,
        notes=notes,
    )


def style_view(report: Report, style: Style, most: int = MOST_ROWS) -> StyleView:
    """A style of a report, with its largest variants."""
    shown, largest = style.variants.head(most), style.largest_share
    past = report.past[shown.index].tolist()
    return StyleView(
        style=style,
        rows=tuple(
            Row(
                line=line,
                name=_own_name(line["title"], style.title),
                mix=MixMark.of(line, largest),
                fan=FanMark.of(before, line),
            )
            for line, before in zip(shown.to_dict(orient="records"), past, strict=True)
        ),
        why=() if report.why is None else report.why.style(style.style_id)[1:5],
    )


def _own_name(title: str, common: str) -> str:
    if title == common:
        return ""
    return title.removeprefix(common).lstrip(" ,;:-/") or title


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A line of a customer's history.

    Attributes:
        variant_id: what.
        style_id: its style.
        title: its name; may be empty.
        day: when.
        units: how many.
    """

    variant_id: str
    style_id: str
    title: str
    day: np.datetime64
    units: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """A customer: the list that the shop shows them, and where it comes from.

    Attributes:
        customer_id: who.
        found: the list, as `GET /v1/customers/{customer_id}/recommendations` answers it.
        group: the customer's group, as `GET /v1/customers/{customer_id}/group` answers it; None
            where it is not known.
        taken: what they took last, the latest first.
        lines: how many lines of theirs the model knows.
        planned: (units to make, units in stock) by variant id; those of the list that the plan has.
    """

    customer_id: str
    found: Mapping[str, Any]
    group: Mapping[str, Any] | None
    taken: Sequence[Taken]
    lines: int
    planned: Mapping[str, tuple[float, float]]


def history_of(recommender: Recommender, customer_id: str) -> tuple[tuple[Taken, ...], int]:
    """What a customer took last, the latest first, and how many lines there are in all."""
    known, catalogue = recommender.interactions, recommender.catalogue
    place = int(np.searchsorted(known.customers, customer_id))
    if place == len(known.customers) or known.customers[place] != customer_id:
        return (), 0
    first, after = np.searchsorted(known.customer, [place, place + 1])
    orders = np.flatnonzero(known.weight[first:after] >= 1.0) + first
    last = orders[np.argsort(known.age[orders], kind="stable")][:TAKEN]
    found = []
    for row in last.tolist():
        variant_id = str(known.variants[known.variant[row]])
        listed = catalogue.position(variant_id)
        found.append(
            Taken(
                variant_id=variant_id,
                style_id=variant_id if listed is None else str(catalogue.styles[listed]),
                title="" if listed is None else str(catalogue.titles[listed]),
                day=_day(known, row),
                units=float(known.quantity[row]),
            )
        )
    return tuple(found), len(orders)


def _day(known: Interactions, row: int) -> np.datetime64:
    minutes = np.timedelta64(round(float(known.age[row]) * 24 * 60), "m")
    day: np.datetime64 = (known.as_of - minutes).astype("datetime64[D]")
    return day
