"""Past configurations: the table's rows as whole configurations of the product as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import CONFIGURATIONS
from data.workspace import Workspace
from production.configuration.product import Product
from production.configuration.solving.guide import Status
from production.errors import BadChoice

Value = Fraction | str
_Whole = tuple[Status, Mapping[str, Value]]


@dataclass(frozen=True, kw_only=True)
class PastConfigurations:
    """N configurations of one product, the oldest first.

    Attributes:
        status: (N, variables + 1) int8, 1 or -1 by variable.
        customers: (N,) ids; empty where nobody knows who.
        moments: (N,) datetime64[us], when they were ordered.
        quantities: (N,) float64, units of each.
        orders: (N,) ids of their orders; empty where not known.
        values: (N,) numbers and texts that were said, by option.
        set_aside: how many were left out, by why.
    """

    status: NDArray[np.int8]
    customers: NDArray[np.object_]
    moments: NDArray[np.datetime64]
    quantities: NDArray[np.float64]
    orders: NDArray[np.object_]
    values: tuple[Mapping[str, Value], ...]
    set_aside: dict[str, int]

    def __len__(self) -> int:
        return len(self.status)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> PastConfigurations:
        """Some of them: places, or whether each is taken."""
        places = np.arange(len(self))[rows]
        return replace(
            self,
            status=self.status[rows],
            customers=self.customers[rows],
            moments=self.moments[rows],
            quantities=self.quantities[rows],
            orders=self.orders[rows],
            values=tuple(self.values[place] for place in places),
        )


def read_past(workspace: Workspace, product: Product, style_id: str) -> PastConfigurations:
    """The configurations of a style that the workspace has; none where it has no such table."""
    if not workspace.has(CONFIGURATIONS):
        return past_of(product, pd.DataFrame(columns=CONFIGURATIONS.names))
    table = workspace.read(CONFIGURATIONS)
    return past_of(product, table[table["style_id"] == style_id])


def past_of(product: Product, table: pd.DataFrame) -> PastConfigurations:
    """Rows of the configurations table as whole configurations.

    An option that has no row is off, unless the others bring it. A configuration that the product's
    rules do not allow, or that they allow several of, is set aside and counted: the product may
    have been another one at the time.
    """
    table = table.sort_values(["ordered_at", "configuration_id"], kind="stable")
    said = (
        table["option"]
        .astype(object)
        .where(table["value"].isna(), table["option"] + "=" + table["value"].fillna(""))
    )
    groups = said.groupby(table["configuration_id"], sort=False)
    seen: dict[frozenset[str], _Whole | str] = {}
    kept: list[_Whole] = []
    aside: Counter[str] = Counter()
    first: list[int] = []
    for texts, rows in ((frozenset(values), values.index) for _, values in groups):
        if texts not in seen:
            seen[texts] = _whole(product, sorted(texts))
        found = seen[texts]
        if isinstance(found, str):
            aside[found] += 1
        else:
            kept.append(found)
            first.append(rows[0])
    head = table.loc[first]
    width = product.guide.encoded.variables + 1
    return PastConfigurations(
        status=np.array([status for status, _ in kept], dtype=np.int8).reshape(len(kept), width),
        customers=head["customer_id"].fillna("").to_numpy(dtype=object),
        moments=head["ordered_at"].to_numpy(dtype="datetime64[us]"),
        quantities=head["quantity"].fillna(1).to_numpy(dtype=np.float64),
        orders=head["order_id"].fillna("").to_numpy(dtype=object),
        values=tuple(values for _, values in kept),
        set_aside=dict(sorted(aside.items())),
    )


def _whole(product: Product, texts: Sequence[str]) -> _Whole | str:
    """The one configuration that has these options and no others; or why there is none."""
    try:
        choices = product.choices(texts)
    except BadChoice:
        return "unknown option"
    said = [choice.literal for choice in choices]
    values = {choice.feature: choice.value for choice in choices if choice.value is not None}
    guidance = product.guide.guidance(said)
    if not guidance.valid:
        return "against the rules"
    features = len(product.model.features)
    off = [
        -int(variable) for variable in np.flatnonzero(guidance.status[1 : features + 1] == 0) + 1
    ]
    if not product.guide.possible([*said, *off]):
        return "not whole"
    return product.guide.complete([*said, *off]), values
