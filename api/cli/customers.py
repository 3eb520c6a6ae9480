"""`atelier customers export|erase|retain|protect|field-key|seal`: what is held on customers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from api.settings import Settings
    from data.store.database import Database
    from data.workspace import Workspace

people = typer.Typer(
    no_args_is_help=True, help="Tell, erase and protect what is held on customers."
)

CustomerArgument = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="The shop's id, or the pseudonym.")
]


@people.command("export")
def export(
    customer: CustomerArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """All that is held on a customer."""
    from api.holdings import holdings_of

    with _opened(workspace) as (place, _, database):
        held = holdings_of(place, database, customer)
    if as_json:
        console.answer(held)
        return
    rows = [
        (where, name, len(found))
        for where in ("tables", "store")
        for name, found in held[where].items()
    ]
    console.show(f"Held on {customer}", ("where", "what", "rows"), rows)
    console.say("With --json: every row.")


@people.command("erase")
def erase(
    customer: CustomerArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Erase a customer: orders stay as a guest's, all else goes."""
    from api.erasing import erase_customer

    with _opened(workspace) as (place, settings, database):
        done = erase_customer(place, settings, database, customer, actor="atelier customers")
    if as_json:
        console.answer(done.to_json())
        return
    console.say(
        f"Erased: {done.unnamed:,} rows are a guest's, {done.removed:,} are gone, "
        f"{done.models} saved models forgot the customer."
    )
    console.say("Copies elsewhere (backups, the files that were imported) are yours to erase.")


@people.command("retain")
def retain(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change.")
    ] = False,
    by_clock: Annotated[
        bool,
        typer.Option("--by-clock", help="The clock is right, however old the newest row is."),
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Take the customers out of rows older than the limits of the settings."""
    from datetime import UTC, datetime

    from api.retaining import retain_now

    with _opened(workspace) as (place, settings, database):
        done = retain_now(
            place, settings, database,
            now=datetime.now(UTC), actor="atelier customers", by_clock=by_clock, dry_run=dry_run,
        )  # fmt: skip
    if as_json:
        console.answer(done.to_json())
        return
    if not done.limits:
        console.say("No limit is set: keep_events_days, keep_orders_days or keep_served_days of "
                    "[privacy] in atelier.toml sets one.")  # fmt: skip
        return
    rows = [(name, f"{one.unnamed:,}", f"{one.removed:,}") for name, one in done.changed.items()]
    title = "Would change" if dry_run else "Changed"
    console.show(title, ("where", "a guest's now", "gone"), rows)
    if done.waiting:
        console.say(
            f"The clock is far past the newest row that was imported or sent, so rows of "
            f"{', '.join(done.waiting)} were judged by that row. If the clock is right: --by-clock."
        )
    if done.models:
        console.say(
            f"{done.models} saved models know customers whom no row names any more: train again, "
            "and remove the older ones with 'atelier models remove'."
        )


@people.command("protect")
def protect_workspace(
    *, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False
) -> None:
    """Put the customers of a workspace of an earlier version under pseudonyms."""
    from api.protecting import protect

    done = protect(workspace)
    if as_json:
        console.answer({"protected": done})
    elif done:
        console.say("Customers are under pseudonyms. Models are gone: train again.")
    else:
        console.say("Customers are under pseudonyms already.")


@people.command("field-key")
def field_key(*, as_json: JsonFlag = False) -> None:
    """Make a key to seal free text under; it is kept nowhere."""
    from data.sealing import KEY_VARIABLE, key_id, new_key

    key = new_key()
    if as_json:
        console.answer({"key": key, "key_id": key_id(key)})
        return
    console.say(key)
    console.say(
        f"Key {key_id(key)}. Set {KEY_VARIABLE} to it for every program that opens the store, and "
        "keep a copy apart from backups: without it the text cannot be read.",
    )


@people.command("seal")
def seal(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False) -> None:
    """Bring the store's free text under the newest field key, or open it again."""
    from data.errors import FieldKeyRefused
    from data.resealing import reseal
    from data.sealing import KEY_VARIABLE

    with _opened(workspace) as (_, _, database):
        seals = database.seals
        if not seals.locks:
            raise FieldKeyRefused(
                "No field key is given.",
                where=f"environment {KEY_VARIABLE}",
                fix="Make one with 'atelier customers field-key'.",
            )
        changed = reseal(database)
    if as_json:
        console.answer({"key_id": seals.newest, "changed": changed})
    elif seals.newest is None:
        console.say(f"Opened {changed:,} texts: all are stored as they are written.")
    else:
        console.say(f"Sealed {changed:,} texts: all are under key {seals.newest}.")


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Workspace, Settings, Database]]:
    from api.settings import load_settings
    from data.store import open_store
    from data.workspace import Workspace

    workspace, settings = Workspace.open(folder), load_settings(folder)
    store = open_store(settings.store_url(folder))
    try:
        yield workspace, settings, store.database
    finally:
        store.close()
