"""`atelier keys create|list|rotate|revoke`: the keys that the service asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from data.store import Store
    from data.store.api_keys import ApiKey

keys = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke the service's keys.")

DaysOption = Annotated[
    int | None, typer.Option(min=1, max=36_500, help="Days until it expires; without it, never.")
]
KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="Which key, as 'list' names it.")]


@keys.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="Whose it is, for people.")],
    role: Annotated[
        str, typer.Option(help="shop, planner or admin; each may do all that those before it may.")
    ] = "shop",
    expires: DaysOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Make a key; it is shown this once."""
    from data.store.api_keys import ROLES, make_key

    chosen = next((one for one in ROLES if one == role), None)
    if chosen is None:
        raise typer.BadParameter(f"Use one of {', '.join(ROLES)}.", param_hint="--role")
    now = _now()
    with the_store(workspace) as store:
        ends = None if expires is None else now + timedelta(days=expires)
        made, key = make_key(store, name, chosen, now=now, expires_at=ends)
    _tell(made, key, as_json=as_json)


@keys.command("list")
def list_keys(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False) -> None:
    """Every key that was made, without its secret."""
    from data.store.api_keys import keys_of

    with the_store(workspace) as store:
        found = list(keys_of(store).values())
    if as_json:
        console.answer({"keys": [_plain(one) for one in found]})
        return
    rows = [
        (one.key_id, one.name, one.role, one.state(_now()), *_dates(one).values()) for one in found
    ]
    console.show("Keys", ("key", "name", "role", "state", "made", "expires", "revoked"), rows)


@keys.command("rotate")
def rotate(
    key_id: KeyArgument,
    *,
    overlap: Annotated[
        int, typer.Option(min=0, max=8760, help="Hours in which the old one counts too.")
    ] = 24,
    expires: DaysOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Make a key in another's place, which then expires."""
    from data.store.api_keys import rotate_key

    with the_store(workspace) as store:
        made, key = rotate_key(
            store,
            key_id,
            now=_now(),
            overlap=timedelta(hours=overlap),
            lasting=None if expires is None else timedelta(days=expires),
        )
    _tell(made, key, as_json=as_json)


@keys.command("revoke")
def revoke(
    key_id: KeyArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Let a key count no longer; a running service knows within a second."""
    from data.store.api_keys import revoke_key

    with the_store(workspace) as store:
        revoked = revoke_key(store, key_id, now=_now())
    if as_json:
        console.answer(_plain(revoked))
        return
    console.say(f"Revoked: {revoked.key_id} ({revoked.name}).")


@contextmanager
def the_store(workspace: Path) -> Iterator[Store]:
    """A workspace's store, closed at the end."""
    from api.settings import load_settings
    from data.store import open_store
    from data.workspace import Workspace

    Workspace.open(workspace)
    store = open_store(load_settings(workspace).store_url(workspace))
    try:
        yield store
    finally:
        store.close()


def _tell(made: ApiKey, key: str, *, as_json: bool) -> None:
    if as_json:
        console.answer({**_plain(made), "key": key})
        return
    console.say(key)
    console.say(f"Key {made.key_id} of '{made.name}', role {made.role}. It is not shown again.")


def _plain(one: ApiKey) -> dict[str, Any]:
    identity = {"key_id": one.key_id, "name": one.name, "role": one.role}
    return {**identity, "state": one.state(_now()), **_dates(one)}


def _dates(one: ApiKey) -> dict[str, str | None]:
    """When it was made, expires and was revoked, UTC."""
    moments = {"made": one.made_at, "expires": one.expires_at, "revoked": one.revoked_at}
    return {
        name: None if moment is None else moment.isoformat(timespec="seconds") + "Z"
        for name, moment in moments.items()
    }


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
