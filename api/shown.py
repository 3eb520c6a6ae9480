"""What was shown, by group of customers and of variants, from the workspace's log of lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.errors import Invalid, NotReady
from api.responses import responses_of
from api.settings import Settings
from data.nearest import hint
from data.store import Store, open_store
from data.store.served import MOST_LISTS, NO_FALLBACK, served_places
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.evaluation.policy.responses import rewards
from recsys.evaluation.shown.grouping import (
    NEW,
    POPULARITY,
    activity,
    columns_of,
    regions,
    sales_of,
    variant_labels,
)
from recsys.evaluation.shown.lists import Labels, ShownLists
from recsys.evaluation.shown.report import shown_figures
from recsys.groups.saved import load_groups

OF_THE_LIST: Final = {"fallback": "fallback", "arm": "arm", "policy": "policy", "model": "model_id"}
"""What the log itself tells, and in which column."""

OF_ORDERS: Final = ("region", "activity")
OF_GROUPS: Final = {"group": "group_id", "class": "class"}
"""What `atelier groups` tells of a customer, and in which column."""

GROUPINGS: Final = (*OF_THE_LIST, *OF_ORDERS, *OF_GROUPS)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """The log and what stands beside it.

    Attributes:
        places: as `served_places` reads them.
        lists: (L rows) one a list, in the order of the places.
        customers: the customers' pseudonyms, each once.
        customer: (L,) each list's place in them.
        orders: order lines before the end of the last list's day; None where there are none.
        catalogue: the variants, those that were shown and are no longer in the table too.
        sales: (V,) units sold.
        sold_until: the last day of these.
    """

    places: pd.DataFrame
    lists: pd.DataFrame
    customers: pd.Index
    customer: NDArray[np.intp]
    orders: pd.DataFrame | None
    catalogue: Catalogue
    sales: NDArray[np.float64]
    sold_until: str | None


def shown_report(
    workspace: Workspace,
    settings: Settings,
    *,
    since: date | None,
    until: date | None,
    by: Sequence[str],
    variants_by: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    """What was shown, for JSON; no customer is named, and no group of fewer than 10 is told.

    Args:
        workspace: whose lists, orders and groups.
        settings: what counts as a response and for how long, and the seed.
        since: lists from this day on; None for all.
        until: lists up to this day, the day included; None for all.
        by: GROUPINGS; empty for all that tell lists apart.
        variants_by: columns of the catalogue, or `style_id`, `new` or `popularity`; empty for the
            most telling.
        now: the moment, the shop's local time.

    Raises:
        NotReady: no list was logged, or groups that are asked for were not made.
        Invalid: there is nothing of that name to group by.
        GroupsRefused: the customer groups are altered or incomplete.
    """
    _check(by, GROUPINGS, "--by")
    store = open_store(settings.store_url(workspace.root))
    try:
        places = _places(store, since, until)
        log = _log(workspace, places)
        _check(variants_by, columns_of(log.catalogue), "--variants-by")
        shown = _shown(workspace, store, settings, log, now)
    finally:
        store.close()
    first = np.datetime64(places["at"].min().to_pydatetime(), "D")
    chosen = variants_by or _telling(settings, log.catalogue)
    of_variants = [
        variant_labels(one, log.catalogue, first=first, sales=log.sales)
        for one in dict.fromkeys(chosen)
    ]
    found = shown_figures(
        shown,
        _list_labels(workspace, log, by),
        [one for one in of_variants if variants_by or len(one.names) > 1],
        sales=log.sales,
        seed=settings.seed,
    )
    waiting = int(np.isnan(shown.responded).sum())
    return {
        "since": str(places["at"].min()),
        "until": str(places["at"].max()),
        **asdict(found),
        "fallbacks": _shares(log.lists["fallback"]),
        "policies": _shares(log.lists["policy"]),
        "responses": {
            "kinds": list(settings.explore.responses),
            "window_days": settings.explore.window_days,
            "waiting": waiting,
        },
        "sold_until": log.sold_until,
        "only_latest": len(log.lists) >= MOST_LISTS,
    }


def _check(asked: Sequence[str], known: Sequence[str], where: str) -> None:
    for name in asked:
        if name not in known:
            raise Invalid(
                f"There is nothing to group by of the name '{name}'.",
                where=where,
                fix=f"{hint(name, known)}Use one of {', '.join(known)}.",
            )


def _places(store: Store, since: date | None, until: date | None) -> pd.DataFrame:
    """The places of the days that are asked for."""
    places = served_places(
        store.database,
        since=None if since is None else datetime.combine(since, time()),
        until=None if until is None else datetime.combine(until, time()) + _DAY,
        plain=True,
    )
    if len(places):
        return places
    if since is not None or until is not None:
        raise NotReady(
            "No served list was logged in these days.",
            where="--since, --until",
            fix="Ask for other days; without both, all are taken.",
        )
    raise NotReady(
        "No served list was logged.",
        where="setting log_lists",
        fix="Set log_lists above 0 in atelier.toml, such as 0.1 for a tenth of all lists, and let "
        "'atelier serve' run with it; lists that explore or belong to an experiment are logged "
        "anyway.",
    )


def _log(workspace: Workspace, places: pd.DataFrame) -> _Log:
    lists = places.drop_duplicates("list_id").reset_index(drop=True)
    customer, customers = pd.factorize(lists["customer_id"].astype(object))
    table = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    catalogue = Catalogue.of(places["variant_id"].unique(), table)
    sales, sold_until, orders = np.zeros(len(catalogue)), None, None
    if workspace.has(ORDERS):
        end = places["at"].max().normalize() + _DAY
        orders = workspace.read(ORDERS)
        orders = orders[orders["ordered_at"] < end]
        sales, sold_until = sales_of(catalogue, orders, end.to_datetime64())
    return _Log(
        places=places,
        lists=lists,
        customers=pd.Index(customers),
        customer=customer.astype(np.intp),
        orders=orders,
        catalogue=catalogue,
        sales=sales,
        sold_until=sold_until,
    )


def _shown(
    workspace: Workspace, store: Store, settings: Settings, log: _Log, now: datetime
) -> ShownLists:
    """The log as arrays."""
    places, lists = log.places, log.lists
    row = pd.Index(lists["list_id"]).get_indexer(pd.Index(places["list_id"]))
    window = settings.explore.window
    first = places["at"].min()
    came = responses_of(workspace, store, first.to_pydatetime(), settings.explore.responses)
    earned = np.bincount(row, weights=rewards(places, came, window), minlength=len(lists)) > 0
    early = (lists["at"] > pd.Timestamp(np.datetime64(now) - window)).to_numpy()
    fallback = lists["fallback"].to_numpy(dtype=object, na_value="")
    variant = pd.Index(log.catalogue.variants).get_indexer(pd.Index(places["variant_id"]))
    days = places["at"].agg(["min", "max"]).to_numpy().astype("datetime64[D]")
    offered = (log.catalogue.introduced_at <= days[1]) & (days[0] < log.catalogue.discontinued_at)
    offered[variant] = True  # what was shown could be, whatever the table says by now
    return ShownLists(
        customer=log.customer,
        row=row,
        position=places["position"].to_numpy(),
        variant=variant,
        offered=offered,
        personal=np.where(fallback == "", np.nan, fallback == NO_FALLBACK),
        responded=np.where(early, np.nan, earned),
    )


def _telling(settings: Settings, catalogue: Catalogue) -> list[str]:
    """What variants are grouped by unless something else is asked for."""
    column = settings.demand.group_by
    return [POPULARITY, NEW, *([column] if column in catalogue.attributes else [])]


def _list_labels(workspace: Workspace, log: _Log, by: Sequence[str]) -> list[Labels]:
    """The groups that are asked for, or all that tell lists apart."""
    made = [_grouped(workspace, log, one, asked=bool(by)) for one in dict.fromkeys(by or GROUPINGS)]
    return [one for one in made if one is not None and (by or len(one.names) > 1)]


def _grouped(workspace: Workspace, log: _Log, by: str, *, asked: bool) -> Labels | None:
    """The lists by one of GROUPINGS; None where that cannot be told, and was not asked for."""
    if by in OF_THE_LIST:
        values = log.lists[OF_THE_LIST[by]].to_numpy(dtype=object, na_value="")
        if by == "arm":
            named = log.lists["experiment"].to_numpy(dtype=object, na_value="")
            joined = named.astype(str).astype(object) + "/" + values.astype(str).astype(object)
            values = np.where(values == "", "no experiment", joined)
        return Labels.of(by, values)
    if by in OF_GROUPS:
        kept = load_groups(workspace)
        if kept is not None:
            column = kept.customers.set_index("customer_id")[OF_GROUPS[by]]
            theirs = column.reindex(log.customers).astype(object)
            return Labels.of(by, theirs.fillna("").to_numpy(dtype=object)[log.customer])
        missing = NotReady("The workspace has no customer groups yet.", where=f"--by {by}",
                           fix="Make them with 'atelier groups'.")  # fmt: skip
    elif log.orders is not None and (by == "activity" or "region" in log.orders):
        if by == "region":
            return Labels.of(by, regions(log.customers, log.orders)[log.customer])
        before = log.orders[log.orders["ordered_at"] < log.places["at"].min()]
        names, level = activity(log.customers, before)
        return Labels(by=by, names=tuple(names), code=level[log.customer])
    else:
        missing = NotReady(f"No order tells the customers' {by}.", where=f"--by {by}",
                           fix="Import orders that do, or group by something else.")  # fmt: skip
    if asked:
        raise missing
    return None


def _shares(column: pd.Series[str]) -> dict[str, float]:
    """The share of lists with each text, the most frequent first; 'not known' for none."""
    counts = Counter(column.fillna("not known").tolist())
    return {name: count / len(column) for name, count in counts.most_common()}
