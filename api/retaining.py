"""Applying the limits of how long rows keep their customer: by command, and daily while serving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from api.live import local_time
from api.settings import Settings
from api.work import key_of
from data.erasing import Changed, scrub
from data.failpoints import reach
from data.kept import to_disk
from data.retention import (
    count_past,
    held_orders,
    named_customers,
    newest_row,
    note_tables,
    past_tables,
    take_past,
)
from data.retention_limits import Kind, Limit, Moment, limit_of
from data.store.database import Database
from data.workspace import Workspace
from production.configuration.products import number_options
from recsys.errors import ModelRefused
from recsys.saved.saving import load
from recsys.saved.versions import model_folders

FILE: Final = "retention.json"
DAY: Final = timedelta(days=1)
OVERDUE: Final = timedelta(days=2)


class Applied(BaseModel):
    """When limits were applied last, and how far the clock was believed; kept in the workspace.

    Attributes:
        at: when.
        limits: days by kind.
        waiting: kinds of which rows are left that are past their limit by the clock alone.
        confirmed: when a person said last that the clock is right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    limits: dict[Kind, int]
    waiting: tuple[Kind, ...] = ()
    confirmed: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What applying the limits came to.

    Attributes:
        limits: days by kind of row.
        changed: by table, where anything changed, or would.
        waiting: kinds of which rows are left that are past their limit by the clock alone.
        models: saved models that know customers whom no row names any more; None where nobody
            looked.
    """

    limits: Mapping[Kind, int]
    changed: Mapping[str, Changed]
    waiting: tuple[Kind, ...] = ()
    models: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "limits": dict(self.limits),
            "changed": {name: asdict(one) for name, one in self.changed.items()},
            "waiting": list(self.waiting),
            "models": self.models,
        }


def retain_now(
    workspace: Workspace,
    settings: Settings,
    database: Database,
    *,
    now: datetime,
    actor: str,
    by_clock: bool = False,
    dry_run: bool = False,
) -> Retained:
    """Apply the limits, all of them, and leave nothing of what went in the store's files.

    Args:
        workspace: where.
        settings: the limits, and the shop's time zone.
        database: the workspace's store.
        now: the moment, with an offset.
        actor: who asks, for the audit.
        by_clock: a person says that the clock is right, however old the newest row is.
        dry_run: only tell.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
    """
    applied = applied_last(workspace)
    confirmed = now if by_clock else applied.confirmed if applied else None
    limits = _limits(workspace, settings, database, now, confirmed)
    if dry_run:
        held = held_orders(database, limits)
        changed = {name: one for name, (_, one) in past_tables(workspace, limits, held).items()}
        changed |= count_past(database, limits)
    else:
        with workspace.locked():
            changed = _apply(workspace, database, limits, actor=actor, now=now)
            _note(workspace, settings, limits, now, confirmed)
        if changed:
            scrub(database)
    return Retained(
        limits=settings.privacy.limits,
        changed=changed,
        waiting=_waiting(limits),
        models=models_past(workspace, settings, database) if limits else 0,
    )


class DailyRetention:
    """Applies the limits once a day, of however many processes that serve one workspace.

    Args:
        workspace: where.
        settings: the limits.
        database: the workspace's store.
        clock: what time it is, with an offset.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._database = database
        self._clock = clock
        self._next: datetime | None = None

    def look(self) -> Retained | None:
        """Apply the limits where that is due; None where it is not. For one thread.

        Pages that rows leave free are not rewritten, as the command does: the store is in use.

        Raises:
            WorkspaceError: another process is changing the tables; look again later.
            StoreError: the store is away, busy, full or read-only.
        """
        limits, now = self._settings.privacy.limits, self._clock()
        if not limits or not _due(self._next, now):
            return None
        with self._workspace.locked(0):
            applied = applied_last(self._workspace)
            if applied and applied.limits == limits and not _due(applied.at + DAY, now):
                self._next = applied.at + DAY
                return None
            confirmed = applied.confirmed if applied else None
            found = _limits(self._workspace, self._settings, self._database, now, confirmed)
            changed = _apply(self._workspace, self._database, found, actor="atelier serve", now=now)
            _note(self._workspace, self._settings, found, now, confirmed)
        self._next = now + DAY
        return Retained(limits=limits, changed=changed, waiting=_waiting(found))


def applied_last(workspace: Workspace) -> Applied | None:
    """When the limits were applied last; None where they never were, or nobody can tell."""
    try:
        return Applied.model_validate_json((workspace.root / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def models_past(workspace: Workspace, settings: Settings, database: Database) -> int:
    """How many saved models know customers whom neither tables nor live events name any more.

    Raises:
        WorkspaceError: a table is damaged.
        StoreError: the store is away or busy.
    """
    key, named = key_of(workspace, settings), named_customers(workspace, database)
    count = 0
    for folder in model_folders(workspace.root / "models"):
        try:
            customers = load(workspace, folder.name, key=key).interactions.customers
        except ModelRefused:  # nobody is served by it; 'atelier doctor' and 'models list' say so
            continue
        count += not named.issuperset(customers.tolist())
    return count


def _apply(
    workspace: Workspace,
    database: Database,
    limits: Mapping[Kind, Limit],
    *,
    actor: str,
    now: datetime,
) -> dict[str, Changed]:
    numbers = number_options(workspace)
    found = past_tables(workspace, limits, held_orders(database, limits), numbers)
    changed = {name: one for name, (_, one) in found.items()}
    note_tables(database, changed, actor=actor, now=now)
    if found:
        workspace.swap({name: frame for name, (frame, _) in found.items()})
    reach("tables-retained")
    return changed | take_past(database, limits, actor=actor, now=now, numbers=numbers)


def _limits(
    workspace: Workspace,
    settings: Settings,
    database: Database,
    now: datetime,
    confirmed: datetime | None,
) -> dict[Kind, Limit]:
    days = settings.privacy.limits
    if not days:
        return {}
    clock = Moment(
        local=local_time(now, settings.timezone), utc=now.astimezone(UTC).replace(tzinfo=None)
    )
    seen = newest_row(workspace, database)
    if seen is not None and confirmed is not None:
        seen = max(seen, local_time(confirmed, settings.timezone))
    return {kind: limit_of(clock, one, seen) for kind, one in days.items()}


def _waiting(limits: Mapping[Kind, Limit]) -> tuple[Kind, ...]:
    return tuple(kind for kind, limit in limits.items() if limit.ahead)


def _due(at: datetime | None, now: datetime) -> bool:
    """Whether a moment has come; one that lies more than a day ahead was noted by a wrong clock."""
    return at is None or now >= at or at - now > DAY


def _note(
    workspace: Workspace,
    settings: Settings,
    limits: Mapping[Kind, Limit],
    now: datetime,
    confirmed: datetime | None,
) -> None:
    applied = Applied(
        at=now, limits=settings.privacy.limits, waiting=_waiting(limits), confirmed=confirmed
    )
    path = workspace.root / FILE
    draft = path.with_suffix(".new")
    draft.write_text(applied.model_dump_json() + "\n", encoding="utf-8")
    to_disk(draft)
    draft.replace(path)
