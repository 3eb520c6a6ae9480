"""`atelier backup` and `atelier restore`: a workspace in one file, and back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def backup(
    *,
    archive: Annotated[Path, typer.Argument(metavar="FILE.tar", help="The new file.")],
    without_store: Annotated[
        bool, typer.Option("--without-store", help="Leave orders, events and keys out.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Write a workspace into one file, while it is served and written."""
    from api.settings import load_settings
    from data.backup import back_up
    from data.store.database import open_database
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    url = load_settings(workspace).store_url(workspace)
    database = None if without_store else open_database(url, patience=5.0)
    try:
        done = back_up(opened, database, archive)
    finally:
        if database is not None:
            database.close()
    if as_json:
        console.answer(asdict(done))
        return
    console.say(f"{done.files:,} files, {done.size / 1e6:,.1f} MB in {archive}")
    if not done.store:
        console.note("The store is not among them: no orders, events or keys.")


def restore(
    *,
    archive: Annotated[Path, typer.Argument(metavar="FILE.tar", help="What a backup wrote.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Make a new workspace from a backup, once every byte of it is checked."""
    from data.backup import restore as restored

    done = restored(archive, workspace)
    if as_json:
        console.answer(asdict(done))
        return
    console.say(f"{done.files:,} files, {done.size / 1e6:,.1f} MB in {workspace}")
    console.say("'atelier doctor' looks through it.", style="dim")
