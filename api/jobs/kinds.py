"""The kinds of jobs: what each is asked with, and the work it does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field, TypeAdapter

from api.errors import Invalid
from api.service.plan_schemas import PlanRequest
from api.service.schemas import Day, Id, Request
from api.settings import Settings
from data.progress import Progress
from data.workspace import LONG_PATIENCE, Workspace

INBOX: Final = "inbox"
"""The folder of a workspace from which jobs import; they read no file elsewhere."""

MOST_FILES: Final = 20

FileName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*$",
        examples=["sales.csv"],
    ),
]
"""A file's name, without any folder."""


class TrainArguments(Request):
    """With what a model is trained."""

    model: Id | None = Field(default=None, description="Which; without it, the setting's.")
    as_of: Day | None = Field(default=None, description="Know only what lies before this day.")
    untuned: bool = Field(default=False, description="Leave aside what 'atelier tune' chose.")


class ForecastArguments(Request):
    """With what demand is forecast."""

    horizon: int | None = Field(default=None, ge=1, le=26, description="Weeks to look ahead.")
    as_of: Day | None = Field(default=None, description="Know only what lies before this day.")


class ImportArguments(Request):
    """Which files are imported."""

    files: list[FileName] = Field(
        min_length=1, max_length=MOST_FILES, description="Files in the workspace's folder 'inbox'."
    )
    mapping: FileName = Field(
        description="A shipped mapping, or a file NAME.toml in 'inbox'.", examples=["sample"]
    )
    quarantine: bool = Field(
        default=False, description="Set bad rows aside instead of refusing the files."
    )


class TrainJob(Request):
    """Learn the customers' preferences; the model becomes current."""

    kind: Literal["train"]
    arguments: TrainArguments = TrainArguments()


class ForecastJob(Request):
    """Forecast demand; the forecast is the latest from then on."""

    kind: Literal["forecast"]
    arguments: ForecastArguments = ForecastArguments()


class PlanJob(Request):
    """Make a plan; it is the latest from then on."""

    kind: Literal["plan"]
    arguments: PlanRequest = PlanRequest()


class ImportJob(Request):
    """Lay files of the inbox onto the tables, all of them or none."""

    kind: Literal["import"]
    arguments: ImportArguments


JobRequest = Annotated[
    TrainJob | ForecastJob | PlanJob | ImportJob,
    Field(
        discriminator="kind",
        examples=[{"kind": "train"}, {"kind": "import", "arguments":
                  {"files": ["sales.csv"], "mapping": "sample"}}],
    ),
]  # fmt: skip
"""What is asked for."""

_REQUEST: Final[TypeAdapter[TrainJob | ForecastJob | PlanJob | ImportJob]] = TypeAdapter(JobRequest)


def as_asked(kind: str, arguments: Mapping[str, Any]) -> JobRequest:
    """A job's kind and arguments, as kept, as a request again."""
    return _REQUEST.validate_python({"kind": kind, "arguments": arguments}, strict=False)


def check_inbox(workspace: Workspace, request: JobRequest) -> None:
    """Refuse an import of files that are not there.

    Raises:
        Invalid: a file of an import is not a plain file in the inbox.
    """
    if isinstance(request, ImportJob):
        for place, name in enumerate(request.arguments.files):
            _in_inbox(workspace, name, f"body.arguments.files.{place}")
        if request.arguments.mapping.endswith(".toml"):
            _in_inbox(workspace, request.arguments.mapping, "body.arguments.mapping")


def work(
    request: JobRequest, workspace: Workspace, settings: Settings, progress: Progress
) -> dict[str, Any]:
    """Do a job; what came of it, as plain values.

    Args:
        request: what is asked.
        workspace: where.
        settings: what holds there.
        progress: told of the steps.

    Raises:
        AtelierError: it cannot be done; nothing was changed.
    """
    match request:
        case TrainJob():
            return _train(request.arguments, workspace, settings, progress)
        case ForecastJob():
            return _forecast(request.arguments, workspace, settings, progress)
        case PlanJob():
            return _plan(request.arguments, workspace, settings, progress)
        case ImportJob():
            return _import(request.arguments, workspace, progress)


def _train(
    asked: TrainArguments, workspace: Workspace, settings: Settings, progress: Progress
) -> dict[str, Any]:
    from api.work import train_and_save  # noqa: PLC0415  # the service lists kinds without it

    chosen = settings if asked.model is None else settings.model_copy(update={"model": asked.model})
    model_id, recommender = train_and_save(
        workspace,
        chosen,
        as_of=_moment(asked.as_of),
        untuned=asked.untuned,
        patience=LONG_PATIENCE,
        progress=progress,
    )
    return {
        "model_id": model_id,
        "customers": len(recommender.interactions.customers),
        "variants": len(recommender.interactions.variants),
    }


def _forecast(
    asked: ForecastArguments, workspace: Workspace, settings: Settings, progress: Progress
) -> dict[str, Any]:
    from api.demand import forecast_and_save  # noqa: PLC0415  # likewise
    from production.demand.saved import latest_forecast_id  # noqa: PLC0415  # likewise

    horizon = asked.horizon or settings.horizon
    saved = forecast_and_save(
        workspace,
        settings.model_copy(update={"horizon": horizon}),
        as_of=_moment(asked.as_of),
        patience=LONG_PATIENCE,
        progress=progress,
    )
    return {
        "forecast_id": latest_forecast_id(workspace),
        "horizon": horizon,
        "variants": len(saved.forecast.variants),
    }


def _plan(
    asked: PlanRequest, workspace: Workspace, settings: Settings, progress: Progress
) -> dict[str, Any]:
    from api.service.plans import plan_as_asked  # noqa: PLC0415  # likewise

    plan = plan_as_asked(workspace, settings, asked, patience=LONG_PATIENCE, progress=progress)
    return {"plan_id": plan.plan_id, "horizon": plan.horizon, "variants": len(plan.lines)}


def _import(asked: ImportArguments, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    from data.importing import import_files  # noqa: PLC0415  # likewise
    from data.mapping import load_mapping  # noqa: PLC0415  # likewise

    files = [_in_inbox(workspace, name, "files") for name in asked.files]
    own = asked.mapping.endswith(".toml")
    mapping = str(_in_inbox(workspace, asked.mapping, "mapping")) if own else asked.mapping
    report = import_files(
        files,
        load_mapping(mapping),
        workspace.root,
        quarantine=asked.quarantine,
        progress=progress,
    ).to_json()
    aside = report["quarantine"]
    return {
        **{name: report[name] for name in ("already", "read", "kept", "set_aside", "held")},
        "quarantine": None if aside is None else Path(aside).name,
    }


def _moment(day: Any) -> np.datetime64 | None:
    return None if day is None else np.datetime64(day, "us")


def _in_inbox(workspace: Workspace, name: str, where: str) -> Path:
    """A plain file of the inbox; what a link points at may lie anywhere, so it is none."""
    path = workspace.root / INBOX / name
    if path.is_symlink() or not path.is_file():
        raise Invalid(
            "There is no such file in the inbox.",
            where=where,
            fix=f"Put it into the workspace's folder '{INBOX}'; links do not count.",
        )
    return path
