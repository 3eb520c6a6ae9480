"""The lots file of a plan: bounds, multiples and stock."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.errors import BadResources
from production.plans.files.sheet import Columns, Sheet, read_sheet

Floats = NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)

OTHERWISE: Final = {
    "minimum": 0.0,
    "multiple": 1.0,
    "maximum": np.inf,
    "on_hand": 0.0,
    "smallest_lot": 0.0,
    "frozen": np.nan,
}
"""What holds where a column or a cell is missing."""


def places_of(sheet: Sheet, column: str, known: NDArray[np.object_], home: str) -> NDArray[np.intp]:
    """(N,) the place of each row's id among the known ones.

    Raises:
        BadResources: an id that is not known.
    """
    ids = sheet.texts[column]
    place = pd.Index(known).get_indexer(pd.Index(ids.names))
    unknown = (place < 0)[ids.codes]
    what = f"There is no such {column[:-3]} in the {home} file: {{value}}."
    sheet.refuse(BadResources, unknown, column, what, f"Add it there, or correct the {column}.")
    found: NDArray[np.intp] = place[ids.codes]
    return found


def read_lots(path: Path, variants: NDArray[np.object_], *, continuous: bool) -> Lots:
    """Allowed quantities; a variant without a row may be made in any (whole) quantity.

    Args:
        path: `variant_id` and any of the columns of OTHERWISE. At least `minimum` is made; where
            that is none, either none or at least `smallest_lot`. A `frozen` quantity stands.
        variants: (V,) ids, ascending.
        continuous: multiples and smallest lots then do not count.

    Raises:
        BadResources: a number that makes no sense, an unknown or second variant, bounds between
            which there is no quantity; names line and column.
    """
    columns = Columns(texts=("variant_id",), numbers=(), optional=tuple(OTHERWISE))
    sheet = read_sheet(path, columns, BadResources)
    sheet.refuse_ids(BadResources, ["variant_id"])
    for name in sheet.numbers:
        sheet.refuse_numbers(BadResources, name, missing=True)
    row = places_of(sheet, "variant_id", variants, "demand")
    stated = {name: _stated(sheet, name) for name in OTHERWISE}
    held = ~np.isnan(stated["frozen"])
    _refuse_bounds(sheet, stated)
    if continuous:
        lower, upper = stated["minimum"], stated["maximum"]
        first, multiple = lower, np.ones(len(sheet))
    else:
        lower, first, upper = _whole(sheet, stated)
        multiple = np.where(held, 1.0, stated["multiple"])
    zero = np.where(held, stated["frozen"] == 0, lower == 0)
    smallest = np.where(zero, first, lower)
    free = Lots.any_units(len(variants))
    return Lots(
        smallest=_laid(free.smallest, row, np.where(held, stated["frozen"], smallest)),
        multiple=_laid(free.multiple, row, multiple),
        largest=_laid(free.largest, row, np.where(held, stated["frozen"], upper)),
        zero=_laid(free.zero, row, zero),
        frozen=_laid(free.frozen, row, held),
        on_hand=_laid(free.on_hand, row, stated["on_hand"]),
    )


def _refuse_bounds(sheet: Sheet, stated: dict[str, Floats]) -> None:
    above = stated["minimum"] > stated["maximum"]
    what = "The minimum lies above the maximum of its row: {value}."
    fix = "Lower the minimum or raise the maximum."
    sheet.refuse(BadResources, above, "minimum", what, fix)


def _whole(sheet: Sheet, stated: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    """Least, smallest above none, and most, each a whole multiple."""
    multiple, frozen = stated["multiple"], stated["frozen"]
    wrong = (multiple < 1) | (multiple % 1 != 0)
    what = "The multiple is no whole number from 1 on: {value}."
    sheet.refuse(BadResources, wrong, "multiple", what, "Write 1 for any whole quantity.")
    what = "The frozen quantity is no whole number: {value}."
    fix = "Write whole units, or plan with --continuous."
    sheet.refuse(BadResources, frozen % 1 > 0, "frozen", what, fix)
    required = stated["minimum"] > 0
    least = np.where(required, np.maximum(stated["minimum"], stated["smallest_lot"]), 0.0)
    lower = multiple * np.ceil(least / multiple - 1e-12)
    first = multiple * np.ceil(np.maximum(stated["smallest_lot"], 1.0) / multiple - 1e-12)
    room = np.where(np.isinf(stated["maximum"]), 0.0, stated["maximum"]) / multiple
    upper = np.where(np.isinf(stated["maximum"]), np.inf, multiple * np.floor(room + 1e-12))
    nothing = (lower > upper) & np.isnan(frozen)
    what = (
        "Between minimum and maximum there is no whole multiple of the lot; the minimum is {value}."
    )
    fix = "Widen the bounds or change the multiple."
    column = "minimum" if "minimum" in sheet.numbers else "smallest_lot"
    sheet.refuse(BadResources, nothing, column, what, fix)
    return lower, first, upper


def _laid(column: NDArray[Kind], row: NDArray[np.intp], values: NDArray[Kind]) -> NDArray[Kind]:
    """The column with the values at some rows."""
    laid = column.copy()
    laid[row] = values
    return laid


def _stated(sheet: Sheet, name: str) -> Floats:
    if name not in sheet.numbers:
        return np.full(len(sheet), OTHERWISE[name])
    return np.where(sheet.blank[name], OTHERWISE[name], sheet.numbers[name])
