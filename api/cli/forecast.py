"""`atelier forecast`: expected demand of every active variant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.factors import show_factors
from api.cli.losses import losses_to
from api.cli.options import (
    DEFAULT_WORKSPACE,
    AsOfOption,
    HorizonOption,
    JsonFlag,
    KnownOption,
    PeriodOption,
    TensorboardOption,
    WorkspaceOption,
    demand_flags,
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
    period: PeriodOption = None,
    known: KnownOption = None,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE.csv",
            help="What is expected of market factors: a column 'date' and one for each.",
        ),
    ] = None,
    factors: Annotated[
        bool, typer.Option("--factors", help="Show what became of every market factor.")
    ] = False,
    method: Annotated[str, typer.Option(help="Which demand method.")] = "atelier",
    variant: Annotated[
        str | None,
        typer.Option(
            "--variant",
            metavar="ID",
            help="Show this variant's past, its forecast and what drives it; reads the kept "
            "forecast where it is of the data as they are.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.parquet", help="Write all rows.")
    ] = None,
    paths: Annotated[
        int | None,
        typer.Option(
            "--paths",
            min=1,
            max=10_000,
            metavar="N",
            help="Write so many sample paths to --out, in place of the rows.",
        ),
    ] = None,
    by_region: Annotated[
        bool, typer.Option("--by-region", help="Split the sample paths by region.")
    ] = False,
    tensorboard: TensorboardOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Forecast what customers will want of each variant; the forecast is saved, the latest."""
    if paths is not None and out is None:
        raise typer.BadParameter("--paths needs a file to go to: --out.", param_hint="--paths")
    if by_region and paths is None:
        raise typer.BadParameter("--by-region goes with --paths.", param_hint="--by-region")
    if out is not None:
        check_writable(out)

    from api.demand import forecast_and_save, header_of, kept_or_made, variant_answer
    from api.scenario import read_scenario
    from api.settings import load_settings
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, horizon=horizon, demand=demand_flags(period, known))
    told_of = None if scenario is None else read_scenario(scenario)
    obtain = forecast_and_save if variant is None else kept_or_made
    with console.progress() as progress, losses_to(tensorboard):
        saved = obtain(
            opened,
            settings,
            as_of=moment(as_of),
            method=method,
            scenario=told_of,
            progress=progress,
        )
    rows = rows_of(saved.forecast)
    if out is not None and paths is not None:
        from api.paths import write_paths

        write_paths(out, opened, settings, saved.forecast, draws=paths, by_region=by_region)
    elif out is not None:
        write_table(out, rows)
    if variant is not None:
        from api.cli.variant_forecast import show_variant

        told = variant_answer(saved, variant)
        console.answer(told) if as_json else show_variant(told)
    elif as_json:
        told_factors = [factor.to_json() for factor in saved.forecast.factors]
        variants = rows.to_dict(orient="records")
        console.answer({**header_of(saved), "factors": told_factors, "variants": variants})
    else:
        show(saved.forecast, rows, header_of(saved)["period"])
        if factors:
            show_factors(saved.forecast.factors)
        if saved.restored is not None:
            console.say(
                f"Of the past, {saved.restored['missed']:,.0f} units missed in stock-outs are "
                f"restored beside {saved.restored['sold']:,.0f} sold."
            )
        console.say(
            f"Next: {console.program()} forecast --variant {_largest(rows)} --workspace {workspace}"
        )


def rows_of(found: Forecast) -> pd.DataFrame:
    """One variant a row: mean and quantiles of its units over the horizon, and the mean's parts."""
    import pandas as pd

    from production.demand.forecast import PARTS
    from production.demand.saved import QUANTILES

    heads = pd.DataFrame({"variant_id": found.variants, "mean": found.mean})
    frames = [
        heads.astype({"variant_id": "str"}),
        pd.DataFrame(found.quantiles, columns=list(QUANTILES)),
    ]
    if found.parts is not None:
        frames.append(pd.DataFrame(found.parts, columns=[f"part_{part}" for part in PARTS]))
    return pd.concat(frames, axis=1)


def _largest(rows: pd.DataFrame) -> str:
    most = rows.sort_values(["mean", "variant_id"], ascending=[False, True])
    return str(most["variant_id"].iloc[0])


def show(found: Forecast, rows: pd.DataFrame, period: str = "week") -> None:
    """The variants of most demand."""
    most = rows.sort_values(["mean", "variant_id"], ascending=[False, True]).head(ROWS_SHOWN)
    console.show(
        f"Demand over {found.weekly.shape[1]} {period}s from "
        f"{found.origin.astype('datetime64[D]')}, by '{found.method}'",
        ("variant", "mean", "P10", "P50", "P90"),
        most[["variant_id", "mean", "q10", "q50", "q90"]].to_numpy(dtype=object).tolist(),
        caption=f"{len(most)} of {len(rows)} variants; {rows['mean'].sum():,.0f} units in all.",
    )
