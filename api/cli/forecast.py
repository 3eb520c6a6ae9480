"""`atelier forecast`: expected demand of every active variant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import (
    DEFAULT_WORKSPACE,
    AsOfOption,
    HorizonOption,
    JsonFlag,
    WorkspaceOption,
    moment,
)
from api.output import check_writable, write_table

if TYPE_CHECKING:
    import pandas as pd

    from production.demand.forecast import Forecast

ROWS_SHOWN = 20


def forecast(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    method: Annotated[str, typer.Option(help="Which demand method.")] = "atelier",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.parquet", help="Write all rows.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Forecast what customers will want of each variant."""
    if out is not None:
        check_writable(out)

    from api.settings import load_settings
    from api.work import run_of
    from data.workspace import Workspace
    from production.demand.forecasting import forecast_demand

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, horizon=horizon)
    with console.progress() as progress:
        found = forecast_demand(
            opened,
            as_of=moment(as_of),
            horizon=settings.horizon,
            method=method,
            settings=settings.demand,
            run=run_of(settings),
            progress=progress,
        )
    rows = rows_of(found)
    if out is not None:
        write_table(out, rows)
    if as_json:
        console.answer(
            {
                "method": found.method,
                "origin": found.origin.astype("datetime64[D]"),
                "horizon": settings.horizon,
                "variants": rows.to_dict(orient="records"),
            }
        )
        return
    show(found, rows)


def rows_of(found: Forecast) -> pd.DataFrame:
    """One variant a row: mean and quantiles of its units over the horizon."""
    import pandas as pd

    from production.demand.forecast import LEVELS

    names = [f"q{round(level * 100):02d}" for level in LEVELS]
    quantiles = pd.DataFrame(found.quantiles, columns=names)
    heads = pd.DataFrame({"variant_id": found.variants, "mean": found.mean})
    return pd.concat([heads.astype({"variant_id": "str"}), quantiles], axis=1)


def show(found: Forecast, rows: pd.DataFrame) -> None:
    """The variants of most demand."""
    most = rows.sort_values(["mean", "variant_id"], ascending=[False, True]).head(ROWS_SHOWN)
    console.show(
        f"Demand over {found.weekly.shape[1]} weeks from {found.origin.astype('datetime64[D]')}, "
        f"by '{found.method}'",
        ("variant", "mean", "P10", "P50", "P90"),
        most[["variant_id", "mean", "q10", "q50", "q90"]].to_numpy(dtype=object).tolist(),
        caption=f"{len(most)} of {len(rows)} variants; {rows['mean'].sum():,.0f} units in all.",
    )
