"""`atelier simulate`: generate a market whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import console
from api.cli.options import JsonFlag
from api.errors import OutputError


def simulate(
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="A new or an empty folder.")
    ],
    seed: Annotated[int | None, typer.Option(min=0, help="The only source of randomness.")] = None,
    customers: Annotated[int | None, typer.Option(min=1, help="How many customers.")] = None,
    styles: Annotated[int | None, typer.Option(min=1, help="How many styles.")] = None,
    weeks: Annotated[int | None, typer.Option(min=4, help="Weeks of orders.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Write the shipped sample again, byte for byte.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Generate a market: its raw files, and its truth beside them."""
    sizes = {"seed": seed, "customers": customers, "styles": styles, "weeks": weeks}
    given = {name: value for name, value in sizes.items() if value is not None}
    if sample and given:
        raise typer.BadParameter(
            f"--sample has its own size and seed; leave out --{' --'.join(given)}.",
            param_hint="--sample",
        )

    from data.simulator import MarketSettings, simulate, write_market, write_sample

    if sample:
        with console.progress() as progress:
            write_sample(out, progress)
    else:
        check_empty(out)
        with console.progress() as progress:
            write_market(simulate(MarketSettings(**given), progress), out)
    files = {path.name: path.stat().st_size for path in sorted(out.glob("*.csv*"))}
    if as_json:
        console.answer({"folder": str(out), "files": files})
        return
    console.show(f"Market in {out}", ("file", "bytes"), list(files.items()))
    console.say(
        f"Import it with: {console.program()} import {out}/*.csv* --mapping sample --workspace DIR"
    )


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds anything: a market must not mix with other files.

    Raises:
        OutputError: the folder is not empty.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            "This folder is not empty.", where=str(folder), fix="Name a new or an empty folder."
        )
