"""What all requests and answers have in common; every field is bounded, and no extra one passes."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MOST_RESOURCES: Final = 200
MOST_ROWS: Final = 1000

MOST_AMOUNT: Final = 1e12
EARLIEST: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # the shop's local time has no zone
LATEST: Final = datetime(2200, 1, 1)  # noqa: DTZ001  # likewise

Id = Annotated[
    str,
    Field(
        min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["SH001-WHI-M-WO"]
    ),
]
"""An external id: any text on one line."""


class Request(BaseModel):
    """A request's body: strict types, no unknown field, no infinite number."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def example(**body: Any) -> ConfigDict:
    """A whole body that a reader of the documentation can send as it stands."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class Answer(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _moment(value: object) -> datetime:
    """A time of ISO 8601; a bare number would be read as seconds since 1970."""
    if not isinstance(value, str | datetime):
        raise ValueError("must be a text in ISO 8601")  # noqa: TRY004  # pydantic takes ValueErrors
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time in ISO 8601, such as 2025-12-28T10:30:00") from None
    if not EARLIEST <= moment.replace(tzinfo=None) < LATEST:
        raise ValueError("must lie between 1970 and 2200")
    return moment


def _day(value: object) -> date:
    """A day of ISO 8601."""
    with suppress(ValueError):
        value = date.fromisoformat(value) if isinstance(value, str) else value
    if (
        isinstance(value, datetime)
        or not isinstance(value, date)
        or not EARLIEST.date() <= value < LATEST.date()
    ):
        raise ValueError("must be a day in ISO 8601 between 1970 and 2200, such as 2025-12-28")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), Field(examples=["2025-12-28T10:30:00"])]
Day = Annotated[date, BeforeValidator(_day), Field(examples=["2025-12-29"])]


class Health(Answer):
    """That the process answers."""

    status: Literal["ok"]


class Readiness(Answer):
    """What the service can do now."""

    status: Literal["ready"]
    model_id: str = Field(description="The saved version that serves now.")
    plan_id: str | None = Field(description="The latest plan; null where none was made yet.")
