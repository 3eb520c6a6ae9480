"""Options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    import numpy as np


def day(text: str) -> date:
    """A day of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no day of the calendar; write one like 2025-12-28."
        ) from None


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="ATELIER_WORKSPACE",
        metavar="DIR",
        help="The folder that holds tables, models, plans and reports.",
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of tables.")]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="OUT.json", help="Write the figures to this file as JSON."),
]
PredictionsFile = Annotated[
    Path | None,
    typer.Option(
        "--predictions",
        metavar="OUT.parquet",
        help="Write what was predicted, row by row, to this file.",
    ),
]
AsOfOption = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=day,
        metavar="YYYY-MM-DD",
        help="Know only what lies before this day; without it, all data.",
    ),
]
HorizonOption = Annotated[
    int | None, typer.Option("--horizon", min=1, max=26, help="Weeks to look ahead.")
]
DEFAULT_WORKSPACE: Final = Path("workspace")


def moment(chosen: date | None) -> np.datetime64 | None:
    """The first moment of a day, as the rooms below take it."""
    import numpy as np

    return None if chosen is None else np.datetime64(chosen, "us")
