"""Capacity of the weeks laid onto days in the ledger, less what released plans take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.live import local_time
from api.settings import Settings
from data.errors import CapacityTaken
from data.ledger import MILLI, Capacity, Ledger, open_ledger
from data.tables import RESOURCES
from data.workspace import Workspace
from production.allocation.resources import capacity_by_week
from production.allocation.workdays import WorkdaySettings, even_shares, levelled
from production.plans.released_use import released_use

ATTEMPTS: Final = 5
"""How often capacity is laid anew when orders take some while it is being laid."""

WEEKS: Final = 26
"""How far ahead capacity is laid where nothing else is asked."""

ACTOR: Final = "command line"
"""Who the audit names for what the program's commands do."""

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidResource:
    """One resource as it was laid; amounts in its unit, over all the weeks.

    Attributes:
        resource_id: which.
        unit: what one of it is; may be empty.
        capacity: what the table states for the days laid.
        planned: what released plans take of it.
        ordered: what custom orders have taken.
        free: what is left for further orders.
        over: what orders have taken beyond what the plans leave them.
    """

    resource_id: str
    unit: str
    capacity: float
    planned: float
    ordered: float
    free: float
    over: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidCapacity:
    """What was laid.

    Attributes:
        first, last: the days, both included.
        changed: rows of resource and day that were not so before.
        resources: each resource, by id.
    """

    first: date
    last: date
    changed: int
    resources: tuple[LaidResource, ...]


def lay_capacity(
    workspace: Workspace,
    ledger: Ledger,
    workdays: WorkdaySettings,
    *,
    since: date,
    weeks: int,
    actor: str,
) -> LaidCapacity:
    """State the capacity of each working day in the ledger, from the resources table.

    A week's capacity, less what the released plan for it takes, is spread over its working days as
    evenly as can be; on no day less than orders have taken already. Of the first week only what
    falls on the days left counts. A week for which the table states nothing is left as it is.

    Args:
        workspace: its resources table and its released plans.
        ledger: where it is stated.
        workdays: on which days there is capacity.
        since: the first day.
        weeks: how many, the one that has `since` in it included.
        actor: who says so, for the audit.

    Raises:
        WorkspaceError: the workspace has no resources.
        BadResources: the table contradicts itself.
        RecordsRefused, PlanRefused: what was released cannot be read.
        CapacityTaken: orders kept taking capacity while it was laid.
        StoreError: the store is away, busy, full or read-only.
    """
    table = workspace.read(RESOURCES)
    monday = since - timedelta(days=since.weekday())
    mondays = np.datetime64(monday, "D") + np.arange(weeks) * np.timedelta64(7, "D")
    stated = capacity_by_week(mondays.astype("datetime64[us]"), table, gaps=True)
    planned = released_use(workspace, mondays).reindex(stated.index).fillna(0.0)
    every = [since + timedelta(days=n) for n in range(7 * weeks - since.weekday())]
    for attempt in range(ATTEMPTS):
        laid = [
            _lay(
                {row.day: row for row in ledger.free(str(name), every)},
                _whole(stated.loc[name]),
                _whole(planned.loc[name]),
                workdays,
                since,
            )
            for name in stated.index
        ]
        amounts = [
            (str(name), day, amount)
            for name, one in zip(stated.index, laid, strict=True)
            for day, amount in one.changes.items()
        ]
        try:
            ledger.set_capacity(amounts, actor=actor)
        except CapacityTaken:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            break
    units = _units(table)
    return LaidCapacity(
        first=since,
        last=monday + timedelta(days=7 * weeks - 1),
        changed=len(amounts),
        resources=tuple(
            one.told(str(name), units.get(name, ""))
            for name, one in zip(stated.index, laid, strict=True)
        ),
    )


def lay_from_today(
    workspace: Workspace, settings: Settings, *, since: date | None = None, weeks: int = WEEKS
) -> LaidCapacity:
    """`lay_capacity` in the store that the settings name, from today on the shop's clock."""
    today = local_time(datetime.now(UTC), settings.timezone).date()
    ledger = open_ledger(settings.store_url(workspace.root))
    try:
        return lay_capacity(
            workspace, ledger, settings.workdays, since=since or today, weeks=weeks, actor=ACTOR
        )
    finally:
        ledger.close()


def state_amounts(
    workspace: Workspace, settings: Settings, amounts: Mapping[str, int], day: date | None
) -> date:
    """State thousandths of resources or materials on one day, today without it; which day it was.

    Raises:
        OrderRefused: a bad id, or an amount out of bounds.
        CapacityTaken: orders have taken more.
        StoreError: the store is away, busy, full or read-only.
    """
    day = day or local_time(datetime.now(UTC), settings.timezone).date()
    ledger = open_ledger(settings.store_url(workspace.root))
    try:
        ledger.set_capacity([(name, day, some) for name, some in amounts.items()], actor=ACTOR)
    finally:
        ledger.close()
    return day


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """One resource's days that are to change, and its sums; all in thousandths."""

    changes: dict[date, int]
    stated: int
    planned: int
    taken: int
    laid: int

    def told(self, resource_id: str, unit: str) -> LaidResource:
        return LaidResource(
            resource_id=resource_id,
            unit=unit,
            capacity=self.stated / MILLI,
            planned=self.planned / MILLI,
            ordered=self.taken / MILLI,
            free=(self.laid - self.taken) / MILLI,
            over=max(0, self.laid - max(0, self.stated - self.planned)) / MILLI,
        )


def _lay(
    before: Mapping[date, Capacity],
    stated: Sequence[int | None],
    planned: Sequence[int | None],
    workdays: WorkdaySettings,
    since: date,
) -> _Laid:
    """One resource's days, and which of them are not in the ledger as they should be.

    Args:
        before: what stands in the ledger.
        stated: thousandths by week; a week of which nothing is stated is left as it is.
        planned: thousandths by week that released plans take.
        workdays: see `lay_capacity`.
        since: likewise.
    """
    changes: dict[date, int] = {}
    sums = np.zeros(4, dtype=np.int64)
    for week, (capacity, use) in enumerate(zip(stated, planned, strict=True)):
        if capacity is None:
            continue
        monday = since + timedelta(days=7 * week - since.weekday())
        working = workdays.of_week(monday)
        there, used = (_from_day(amount or 0, working, since) for amount in (capacity, use))
        some = [monday + timedelta(days=place) for place in range(7)]
        days = [day for day in some if day >= since and (day in working or day in before)]
        taken = [before[day].amount - before[day].free if day in before else 0 for day in days]
        amounts = _amounts(days, taken, working, max(0, there - used))
        changes |= {
            day: amount
            for day, amount in zip(days, amounts.tolist(), strict=True)
            if day not in before or before[day].amount != amount
        }
        sums += (there, min(there, used), sum(taken), int(amounts.sum()))
    in_all = dict(zip(("stated", "planned", "taken", "laid"), sums.tolist(), strict=True))
    return _Laid(changes=changes, **in_all)


def _whole(amounts: pd.Series) -> list[int | None]:
    """Thousandths of amounts by week; None where nothing is stated."""
    return [None if np.isnan(amount) else round(amount * MILLI) for amount in amounts]


def _amounts(
    days: Sequence[date], taken: Sequence[int], working: Sequence[date], total: int
) -> Whole:
    """What to lay on each day: on days without work no more than orders have taken."""
    amounts = np.array(taken, dtype=np.int64)
    works = np.isin(np.array(days, dtype="datetime64[D]"), np.array(working, dtype="datetime64[D]"))
    idle = int(amounts[~works].sum())
    amounts[works] = levelled(total - idle, amounts[works].tolist())
    return amounts


def _from_day(amount: int, working: Sequence[date], since: date) -> int:
    """What of a week's amount falls on its working days from a day on."""
    if not working:
        return 0
    left = np.array([day >= since for day in working])
    return int(even_shares(amount, len(working))[left].sum())


def _units(table: pd.DataFrame) -> dict[str, str]:
    if "unit" not in table:
        return {}
    known = table.dropna(subset=["unit"]).drop_duplicates("resource_id")
    return dict(zip(known["resource_id"], known["unit"], strict=True))
