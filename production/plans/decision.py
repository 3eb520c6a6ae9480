"""The task that a forecast and a workspace's tables pose: demand, costs, lots and resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import RESOURCES, USAGE, VARIANTS, Table
from data.workspace import Workspace
from production.allocation.lots import lots_of
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources, resources_of
from production.allocation.task import Task
from production.configuration.attach.need import with_options
from production.configuration.attach.saved import load_attach
from production.demand.forecast import LEVELS, Forecast
from production.demand.history import DemandPanel
from production.demand.periods import WEEK
from production.plans.economics import Economics, EconomicsSettings, economics


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An allocation's task with what it was made from.

    Attributes:
        task: what to decide on.
        economics: prices and costs.
        styles: (V,) the style of each variant.
        sellable: (V,) bool, not discontinued at the origin.
        notes: sentences on the resources.
    """

    task: Task
    economics: Economics
    styles: NDArray[np.object_]
    sellable: NDArray[np.bool_]
    notes: tuple[str, ...]


def task_of(
    workspace: Workspace,
    panel: DemandPanel,
    forecast: Forecast,
    *,
    lots: pd.DataFrame,
    capacity: Mapping[str, float],
    taken: pd.DataFrame | None = None,
    settings: EconomicsSettings | None = None,
    also: Iterable[str] = (),
    overtime: bool = True,
) -> Decision:
    """The allocation that a forecast and the workspace's tables pose.

    Args:
        workspace: its variants, resources and usage, where it has them.
        panel: its demand, for the prices paid.
        forecast: demand; its variants are planned, and those with units already released.
        lots: the lots table.
        capacity: other capacities, over the whole horizon.
        taken: what custom orders have taken, see `production.allocation.taken`; None for nothing.
        settings: what to assume of money.
        also: further variants to plan, with a forecast or without.
        overtime: whether more of a resource can be bought where the table has a price for it.

    Raises:
        BadDemand, BadResources: the tables or the overrides contradict themselves.
        ChoicesRefused: attach rates are kept that cannot be read.
    """
    catalogue = table_of(workspace, VARIANTS)
    variants = _planned(forecast, lots, also)
    sellable = ~_discontinued(variants, catalogue, forecast.origin)
    styles = _styles(variants, catalogue)
    money = economics(variants, catalogue, _paid(panel, forecast.origin), settings)
    shared, notes = _resources(workspace, variants, styles, forecast, capacity)
    if taken is not None:
        shared, also_noted = _left_by(taken, shared)
        notes += also_noted
    if not overtime:
        shared = replace(shared, extra_cost=None)
    allowed = lots_of(variants, lots)
    # none may be made of a discontinued variant, unless it is already released
    most = np.where(sellable | allowed.frozen, np.inf, 0.0)
    task = Task(
        variants=variants,
        curves=_curves(forecast, variants),
        underage=money.underage,
        overage=money.overage,
        lots=allowed.capped(most),
        resources=shared,
    )
    return Decision(
        task=task, economics=money, styles=styles, sellable=sellable, notes=tuple(notes)
    )


def table_of(workspace: Workspace, table: Table) -> pd.DataFrame:
    """The table, or an empty one of its columns."""
    if workspace.has(table):
        return workspace.read(table)
    return pd.DataFrame(columns=list(table.names))


def _planned(forecast: Forecast, lots: pd.DataFrame, also: Iterable[str]) -> NDArray[np.object_]:
    """The forecast's variants, those with units already released, and others."""
    planned = set(forecast.variants) | set(also)
    if "frozen" in lots:
        planned |= set(lots.loc[lots["frozen"] > 0, "variant_id"])
    return np.array(sorted(planned), dtype=object)


def _curves(forecast: Forecast, variants: NDArray[np.object_]) -> DemandCurves:
    """Demand of the planned variants: none for a variant without a forecast."""
    place = pd.Index(forecast.variants).get_indexer(pd.Index(variants))
    quantiles = np.vstack((forecast.quantiles, np.zeros((1, forecast.quantiles.shape[1]))))
    return DemandCurves.from_quantiles(LEVELS, quantiles[place], variants)


def _styles(variants: NDArray[np.object_], catalogue: pd.DataFrame) -> NDArray[np.object_]:
    """(V,) each variant's style; its own id where the catalogue does not know it."""
    known = catalogue.drop_duplicates("variant_id").set_index("variant_id")["style_id"]
    style = known.reindex(variants).to_numpy(dtype=object)
    return np.where(pd.isna(style), variants, style).astype(object)


def _discontinued(
    variants: NDArray[np.object_], catalogue: pd.DataFrame, origin: np.datetime64
) -> NDArray[np.bool_]:
    if "discontinued_at" not in catalogue:
        return np.zeros(len(variants), dtype=bool)
    gone = catalogue.loc[catalogue["discontinued_at"] <= origin, "variant_id"]
    return pd.Index(variants).isin(gone)


def _paid(panel: DemandPanel, origin: np.datetime64) -> pd.Series:
    """Mean price last paid before the origin, by variant id."""
    week = panel.week(origin) - 1
    return pd.Series(panel.price[:, week], index=panel.variants)


def _resources(
    workspace: Workspace,
    variants: NDArray[np.object_],
    styles: NDArray[np.object_],
    forecast: Forecast,
    capacity: Mapping[str, float],
) -> tuple[Resources, list[str]]:
    """The workspace's resources under the overrides, and what to say about them."""
    shared, notes = Resources.none(len(variants)), []
    if workspace.has(RESOURCES):
        weeks = forecast.origin + np.arange(forecast.weekly.shape[1]) * WEEK
        usage = table_of(workspace, USAGE)
        shared = resources_of(variants, styles, weeks, workspace.read(RESOURCES), usage)
        known = pd.Series(forecast.mean, index=forecast.variants)
        mean = np.asarray(known.reindex(variants, fill_value=0.0), dtype=np.float64)
        shared, told = with_options(
            shared, load_attach(workspace, forecast.origin), styles=styles, mean=mean
        )
        notes += told
    shared = shared.override(capacity)
    if not shared.ids:
        notes.append("No resource is known: nothing but demand and cost limits the plan.")
    for name, amount in sorted(capacity.items()):
        notes.append(f"The capacity of '{name}' is set to {amount:g} for this plan.")
    return shared, notes


def _left_by(taken: pd.DataFrame, shared: Resources) -> tuple[Resources, list[str]]:
    """The resources less what custom orders have taken, and sentences that say how much."""
    gone = taken.sum(axis=1)
    return shared.less(taken), [
        f"Custom orders have taken {gone[name]:,.1f} of '{name}' in these weeks."
        for name in shared.ids
        if gone.get(name, 0.0) > 0
    ]
