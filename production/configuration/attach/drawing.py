"""Attach rates from learned choices: whole configurations drawn one choice after the other.

Each choice is drawn by its chance given all choices drawn before it (the chain rule), and what the
rules settle is settled exactly after each, so no draw meets a dead end and every one is valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import ORDERS, USAGE, VARIANTS
from data.workspace import Workspace
from production.configuration.attach.rates import AttachRates
from production.configuration.configuration import Configuration, configuration_of
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.offer import settled
from production.configuration.learned.past import PastConfigurations
from production.configuration.solving.guide import Status

DRAWS: Final = 1000
"""Configurations that are drawn."""
CELLS: Final = 100_000
"""Configurations times choices that are drawn at most; of a product of more choices fewer are."""
LEAST: Final = 20


@dataclass(slots=True)
class _Node:
    """What some choices leave: chances of the next decision's members, or a whole configuration."""

    status: Status
    places: NDArray[np.int64]
    chances: NDArray[np.float64]


def draw_configurations(
    learned: LearnedChoices, count: int, *, seed: int = 0
) -> list[Configuration]:
    """Configurations by their chances, of nobody in particular; every one keeps the rules.

    Numbers are drawn from the past ones that fit. O(count · decisions) guidance, less
    what draws share.
    """
    rng = np.random.default_rng(seed)
    known: dict[tuple[int, ...], _Node] = {}
    found = []
    for _ in range(count):
        path: tuple[int, ...] = ()
        while True:
            if path not in known:
                known[path] = _node(learned, path)
            node = known[path]
            if not len(node.places):
                break
            path = (*path, _drawn(learned, node, rng))
        values = _values(learned, node.status, rng)
        found.append(configuration_of(learned.product.guide.encoded, node.status, values))
    return found


def _node(learned: LearnedChoices, path: tuple[int, ...]) -> _Node:
    """The first decision that is open after some choices (literals)."""
    decisions, guide = learned.decisions, learned.product.guide
    status = guide.guidance(path).status
    places = np.flatnonzero((status[decisions.literals] == 0) & (status[decisions.parents] > 0))
    if not len(places):
        places = np.flatnonzero(status[decisions.literals] == 0)  # under a parent never asked
    if not len(places):
        return _Node(guide.complete(path), places, np.zeros(0))
    said = {decisions.place[abs(one)]: one > 0 for one in path}
    chances = settled(decisions, status, learned.estimation.chances(said))
    first = places[0]
    if decisions.alternative[first]:
        places = places[decisions.decision[places] == decisions.decision[first]]
    else:
        places = places[:1]
    return _Node(status, places, chances[places])


def _drawn(learned: LearnedChoices, node: _Node, rng: np.random.Generator) -> int:
    """The literal of one member of the next decision."""
    literals = learned.decisions.literals[node.places]
    if not learned.decisions.alternative[node.places[0]]:
        return int(literals[0]) * (1 if rng.random() < node.chances[0] else -1)
    steps = np.cumsum(node.chances)
    at = int(np.searchsorted(steps, rng.random() * steps[-1], side="right"))
    return int(literals[min(at, len(literals) - 1)])


def _values(
    learned: LearnedChoices, status: Status, rng: np.random.Generator
) -> dict[str, Fraction]:
    """Numbers as some past configuration had them, where they fit."""
    encoded = learned.product.guide.encoded
    found: dict[str, Fraction] = {}
    past = learned.values  # noqa: PD011  # no table
    for at, ranges in encoded.ranges.items():
        name = encoded.model.features[at].name
        held = next((one for one in ranges if status[one.literal] > 0), None)
        if held is None:
            continue
        fitting = [row[name] for row in past if name in row and held.holds(row[name])]
        if fitting:
            found[name] = fitting[int(rng.integers(len(fitting)))]
    return found


def attach_rates(
    workspace: Workspace, learned: LearnedChoices, past: PastConfigurations, *, seed: int = 0
) -> AttachRates:
    """The attach rates of a style.

    What a unit takes is as the product's TOML file says, for a line of the usual quantity. Without
    one, it is what the usage table says of its options, on top of the variant's.

    Args:
        workspace: its orders say how much of the style is composed, its usage what options take.
        learned: the chances.
        past: what they were learned from.
        seed: the only source of randomness.
    """
    product, decisions = learned.product, learned.decisions
    count = int(np.clip(CELLS // len(decisions), LEAST, DRAWS))
    whole = draw_configurations(learned, count, seed=seed)
    quantity = max(1, round(float(np.median(past.quantities))))
    usage: Sequence[Mapping[str, float | Decimal]]
    taken: Sequence[Mapping[str, float | Decimal]]
    if product.options is not None:
        usage = [product.usage_of(one, quantity) for one in whole]
        taken = [product.materials_of(one, quantity) for one in whole]
    else:
        usage = _by_option(workspace, whole, quantity)
        taken = [{} for _ in whole]
    resources, amounts = _laid_out(usage, quantity)
    materials, materials_taken = _laid_out(taken, quantity)
    composed, lines = _lines(workspace, learned.style_id, past)
    literal_names = [text for text in decisions.texts if text in product.model.place]
    return AttachRates(
        style_id=learned.style_id,
        options=tuple(literal_names),
        drawn=np.array([[name in one.selected for name in literal_names] for one in whole]),
        resources=resources,
        usage=amounts,
        materials=materials,
        taken=materials_taken,
        replaces=product.options is not None,
        composed=composed,
        lines=lines,
        learned_from=len(past),
        until=str(past.moments.max().astype("datetime64[D]")),
    )


def _by_option(
    workspace: Workspace, whole: list[Configuration], quantity: int
) -> list[dict[str, float]]:
    """What options take by the usage table."""
    if not workspace.has(USAGE) or "option" not in (table := workspace.read(USAGE)):
        return [{} for _ in whole]
    rows = table[table["option"].notna()]
    found = []
    for one in whole:
        mine = rows[rows["option"].isin(one.selected)]
        sums = mine.groupby("resource_id")["amount"].sum() * quantity
        found.append({str(name): float(amount) for name, amount in sums.items()})
    return found


def _laid_out(
    rows: Sequence[Mapping[str, float | Decimal]], quantity: int
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names, ascending, and (N, names) amounts of one unit."""
    names = tuple(sorted({name for row in rows for name in row}))
    amounts = np.array([[float(row.get(name, 0)) for name in names] for row in rows])
    return names, amounts.reshape(len(rows), len(names)) / quantity


def _lines(workspace: Workspace, style_id: str, past: PastConfigurations) -> tuple[int, int]:
    """Order lines of the style that were composed, and all of them, since the first of those.

    Where orders are named, those that the orders table lacks are no part of the style's demand.
    """
    if not (workspace.has(ORDERS) and workspace.has(VARIANTS)):
        return len(past), len(past)
    orders, catalogue = workspace.read(ORDERS), workspace.read(VARIANTS)
    mine = catalogue.loc[catalogue["style_id"] == style_id, "variant_id"]
    sold = orders["variant_id"].isin(mine) & (orders["quantity"] > 0)
    sold &= orders["ordered_at"] >= past.moments.min()
    known = pd.Index(orders.loc[sold, "order_id"].unique())
    named = bool((past.orders != "").any())
    composed = int(pd.Index(past.orders).isin(known).sum()) if named else len(past)
    lines = int(sold.sum())
    return min(composed, lines), lines
