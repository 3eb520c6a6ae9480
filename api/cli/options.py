"""Options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    import numpy as np

DATE: Final = "%Y-%m-%d"

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
    datetime | None,
    typer.Option(
        "--as-of",
        formats=[DATE],
        metavar="YYYY-MM-DD",
        help="Know only what lies before this day; without it, all data.",
    ),
]
HorizonOption = Annotated[
    int | None, typer.Option("--horizon", min=1, max=26, help="Weeks to look ahead.")
]
DEFAULT_WORKSPACE: Final = Path("workspace")


def moment(day: datetime | None) -> np.datetime64 | None:
    """A day of the command line as the rooms below take it."""
    import numpy as np

    return None if day is None else np.datetime64(day.replace(tzinfo=None), "us")
