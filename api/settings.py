"""Settings: defaults < the workspace's atelier.toml < the environment (ATELIER_…) < flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as Unreadable

from api.errors import SettingsError
from data.nearest import hint
from data.retention_limits import Kind
from production.allocation.workdays import WorkdaySettings
from production.demand.settings import DemandSettings
from production.plans.economics import EconomicsSettings
from production.plans.risk_settings import RiskSettings
from recsys.experiments.settings import ExperimentSettings
from recsys.exploration.settings import ExploreSettings
from recsys.lists.rules import MOST_WEIGHT

FILE: Final = "atelier.toml"
PREFIX: Final = "ATELIER_"
NESTED: Final = "__"


Days = Annotated[int, Field(ge=1, le=36_525)]


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"'{name}' is no time zone; write one like 'Europe/London'"
        raise ValueError(message) from None
    return name


class PrivacySettings(BaseModel):
    """For how many days rows keep their customer; without a number, for good."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_events_days: Days | None = None
    """Views, clicks, carts, ratings and searches, and messages that were set aside."""

    keep_orders_days: Days | None = None
    """Order lines and configurations, and custom orders once they are finished."""

    keep_served_days: Days | None = None
    """The log of lists that were served."""

    @property
    def limits(self) -> dict[Kind, int]:
        """Days by kind of row, where there is a limit."""
        days: dict[Kind, int | None] = {
            "events": self.keep_events_days,
            "orders": self.keep_orders_days,
            "served": self.keep_served_days,
        }
        return {kind: number for kind, number in days.items() if number is not None}


class RecommendSettings(BaseModel):
    """How lists are made where nothing else is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan_bonus: Annotated[float, Field(ge=0, le=MOST_WEIGHT)] = 0.0
    """Weight of the latest plan's bonuses, in standard deviations of a customer's scores; 0 for
    lists by preference alone."""


class PromiseSettings(BaseModel):
    """How quotes and promises of custom orders are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scarcity: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    """Share of the latest plan's shadow prices that scarce capacity costs besides; 0 for none."""

    quote_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    """How long a quote counts."""

    hold_minutes: Annotated[int, Field(ge=1, le=43_200)] = 15
    """How long capacity is held where the order does not say."""

    days_ahead: Annotated[int, Field(ge=1, le=1_095)] = 180
    """How far ahead a promise may lie."""


class Settings(BaseSettings):
    """What a workspace, its surroundings and a command line may set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    model: str = "atelier"
    """The preference model that `train` fits."""

    horizon: Annotated[int, Field(ge=1, le=26)] = 4
    """Weeks that forecasts and plans look ahead."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """The only source of randomness."""

    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """Threads that fitting and scoring may use; without it one, but every core where a fit would
    take minutes. Scores depend on it in their last bits at most."""

    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    """The shop's time zone: live events that carry an offset are laid onto its local time, and its
    day is the one of promises, shipping and what stands."""

    demand: DemandSettings = DemandSettings()
    """How demand is read from the workspace."""

    economics: EconomicsSettings = EconomicsSettings()
    """What is assumed of money that the catalogue does not state."""

    risk: RiskSettings = RiskSettings()
    """How much plans weigh their bad tail."""

    recommend: RecommendSettings = RecommendSettings()
    """How lists are made where nothing else is asked."""

    privacy: PrivacySettings = PrivacySettings()
    """How long rows keep their customer."""

    workdays: WorkdaySettings = WorkdaySettings()
    """On which days there is capacity for custom orders."""

    explore: ExploreSettings = ExploreSettings()
    """How much of a list explores, and what counts as a response."""

    experiments: Annotated[dict[str, ExperimentSettings], Field(max_length=100)] = {}
    """Splits of the customers over arms; at most one of them runs."""

    promise: PromiseSettings = PromiseSettings()
    """How quotes and promises of custom orders are made."""

    custom_orders: Literal["in_step", "at_once"] = "in_step"
    """When custom orders count as demand: once the imported orders reach their day, or at once."""

    host: str = "127.0.0.1"
    """The address that the service binds."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port that the service binds; 0 takes any free one."""

    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Processes that serve; they share the memory of the model and of its lists made ahead."""

    ready_lists: Annotated[int, Field(ge=0, le=1_000_000)] = 100_000
    """Customers whose plain lists the service makes ahead, the most recently active first."""

    log_lists: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    """Share of the plain lists that the log of served lists keeps too, after they are sent."""

    rate_limit: Annotated[float, Field(ge=0.1, le=1e6, allow_inf_nan=False)] | None = None
    """Requests a second that one API key may make of one worker; without it, any number."""

    tls_cert: Path | None = None
    """The certificate chain (PEM) that the service shows; with it, it speaks HTTPS only."""

    tls_key: Path | None = None
    """The certificate's private key (PEM)."""

    database_url: SecretStr | None = None
    """SQLAlchemy URL of the transactional store; without it, atelier.db in the workspace."""

    events_url: SecretStr | None = None
    """The broker that the service takes live events from besides, and what to read of it."""

    signing_key: SecretStr | None = None
    """Key that signs saved models; without it, a random one kept in the workspace."""

    @model_validator(mode="after")
    def _one_experiment_runs(self) -> Self:
        running = [name for name, one in self.experiments.items() if one.running]
        if len(running) > 1:
            raise ValueError(f"experiments run at once: {', '.join(running)}; let one run")
        return self

    @property
    def experiment(self) -> tuple[str, ExperimentSettings] | None:
        """The experiment that runs, under its name."""
        return next(((name, one) for name, one in self.experiments.items() if one.running), None)

    def store_url(self, workspace: Path) -> str:
        """The store's URL; names a file of the workspace unless `database_url` is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{workspace.resolve() / 'atelier.db'}"


def load_settings(workspace: Path | None = None, **flags: Any) -> Settings:
    """The settings that hold in a workspace.

    Args:
        workspace: the folder whose atelier.toml counts, where there is one.
        flags: what the command line says; None stands for "not given".

    Raises:
        SettingsError: a misspelt key or a value out of bounds, in the file, the environment or
            a flag.
    """
    path = None if workspace is None else workspace / FILE
    from_file = {} if path is None else _read_toml(path)
    given = {name: value for name, value in flags.items() if value is not None}

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the base's signature
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # likewise
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, from_file)

    try:
        return Layered(**given)
    except ValidationError as error:
        raise _explain(error, given, path) from None
    except Unreadable as error:
        raise SettingsError(
            "An environment variable of a table is no JSON.",
            where=f"environment {PREFIX}…: {error}",
            fix=f"Set a single name instead, such as {PREFIX}DEMAND{NESTED}COUNTRY=DE.",
        ) from None


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings are no TOML: {error}.",
            where=str(path),
            fix="Write one 'name = value' a line; docs/cli.md lists the names.",
        ) from None


def _explain(
    error: ValidationError, flags: Mapping[str, object], path: Path | None
) -> SettingsError:
    """The first finding in the words of the place that it was set in."""
    finding = error.errors(include_input=False, include_url=False)[0]
    place = [str(part) for part in finding["loc"]]
    name, variable = ".".join(place), PREFIX + NESTED.join(place).upper()
    if name in flags:
        where = f"flag --{name.replace('_', '-')}"
    elif any(key.upper() == variable for key in os.environ):
        where = f"environment {variable}"
    else:
        where = f"{path}, '{name}'"
    if finding["type"] == "extra_forbidden":
        names = sorted(_table(place[:-1]).model_fields)
        return SettingsError(
            f"There is no setting '{name}'.",
            where=where,
            fix=f"{hint(place[-1], names) or 'Leave it out. '}Settings are: {', '.join(names)}.",
        )
    return SettingsError(
        f"{finding['msg'].removeprefix('Value error, ')}.",
        where=where,
        fix="Set it within these bounds, or leave it out for the default.",
    )


def _table(path: Sequence[str]) -> type[BaseModel]:
    """The settings under a path of names, of tables and of what a table is a dictionary of."""
    found: Any = Settings
    for name in path:
        fields = getattr(found, "model_fields", None)
        inner = get_args(found)[1] if fields is None else fields[name].annotation
        found = get_args(inner)[0] if get_origin(inner) is Annotated else inner
    table: type[BaseModel] = found
    return table
