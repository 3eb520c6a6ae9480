"""Options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    import numpy as np


class Period(StrEnum):
    """What demand is read by."""

    week = "week"
    day = "day"


def demand_flags(period: Period | None, known: Sequence[str] | None) -> dict[str, object] | None:
    """What the command line says of how demand is read; None where nothing."""
    said: dict[str, object] = {}
    if period is not None:
        said["period"] = period.value
    if known:
        said["ahead"] = dict.fromkeys(known, "known")
    return said or None


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
PeriodOption = Annotated[
    Period | None,
    typer.Option(
        "--period",
        help="Read demand by week or by day; horizon and step count these.  [default: the "
        "setting demand.period, week]",
    ),
]
KnownOption = Annotated[
    list[str] | None,
    typer.Option(
        "--known",
        metavar="PATTERN",
        help="Take market columns of this pattern as known for the future; may be repeated.",
    ),
]
TensorboardOption = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Log the losses of fits that go step by step to this folder, for TensorBoard.",
    ),
]
DEFAULT_WORKSPACE: Final = Path("workspace")


def moment(chosen: date | None) -> np.datetime64 | None:
    """The first moment of a day, as the rooms below take it."""
    import numpy as np

    return None if chosen is None else np.datetime64(chosen, "us")
