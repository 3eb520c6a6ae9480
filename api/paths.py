"""Sample paths of a forecast as a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from api.output import replacing
from api.settings import Settings
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.by_group import ToSplit, by_regions
from production.demand.drawing import mix_of_forecast
from production.demand.forecast import Forecast
from production.demand.paths import Paths, region_paths, sample_paths
from production.demand.reading import read_panel

ROW_GROUP: Final = 1_000_000
"""Rows that are laid out at once."""


def write_paths(
    path: Path,
    workspace: Workspace,
    settings: Settings,
    forecast: Forecast,
    *,
    draws: int,
    by_region: bool = False,
) -> int:
    """Draw a forecast's paths and put them in place, whole or not at all.

    A row a draw and variant, and with `by_region` a region: `draw` from 0, `variant_id`,
    `region`, and the units of each period in a column named by its first day.

    Returns:
        How many rows.

    Raises:
        BadPaths: so many are not to be had.
        OutputError: the file cannot be written.
    """
    panel = read_panel(workspace, settings.demand)
    mix = mix_of_forecast(workspace, panel, forecast)
    where = None
    if by_region:
        orders = workspace.read(ORDERS)
        style = mix.style.astype(str).astype(object)
        ones = np.ones(len(style))  # a unit of each variant splits into its shares
        each = ToSplit(variants=forecast.variants, style=style, mean=ones, origin=forecast.origin)
        where = by_regions(each, orders)
    paths = sample_paths(forecast, mix, draws=draws, seed=settings.seed)
    if where is None:
        return _write(path, paths, None, paths.units[None])
    units = region_paths(paths, where.demand, seed=settings.seed)
    return _write(path, paths, np.array(where.names, dtype=object), units)


def _write(
    path: Path, paths: Paths, regions: NDArray[np.object_] | None, units: NDArray[np.int32]
) -> int:
    """Rows in the order of draws, then regions, then variants; (R, N, V, H) units."""
    kinds = [("draw", pa.int32()), ("variant_id", pa.string())]
    if regions is not None:
        kinds.append(("region", pa.string()))
    schema = pa.schema([*kinds, *((day, pa.int32()) for day in _days(paths))])
    with replacing(path) as part, pq.ParquetWriter(part, schema) as writer:
        for columns in _blocks(paths, regions, units):
            writer.write_table(pa.table(columns, schema=schema))
    return units[..., 0].size


def _blocks(
    paths: Paths, regions: NDArray[np.object_] | None, units: NDArray[np.int32]
) -> Iterator[dict[str, NDArray[np.generic]]]:
    count, draws, variants, _ = units.shape
    at_once = max(ROW_GROUP // (count * variants), 1)
    for first in range(0, draws, at_once):
        block = units[:, first : first + at_once].swapaxes(0, 1)  # (n, R, V, H)
        number = len(block)
        columns: dict[str, NDArray[np.generic]] = {
            "draw": np.repeat(np.arange(first, first + number, dtype=np.int32), count * variants),
            "variant_id": np.tile(paths.variants, number * count),
        }
        if regions is not None:
            columns["region"] = np.tile(np.repeat(regions, variants), number)
        for place, day in enumerate(_days(paths)):
            columns[day] = np.ascontiguousarray(block[..., place]).ravel()
        yield columns


def _days(paths: Paths) -> list[str]:
    """The first day of each period, as text."""
    periods = paths.units.shape[2]
    return [str(paths.origin + place * paths.period) for place in range(periods)]
