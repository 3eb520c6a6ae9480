"""`atelier orders join`: custom orders become lines of the orders table."""

from __future__ import annotations

from dataclasses import asdict

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def join(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False) -> None:
    """Take confirmed orders into the orders table, as demand and preferences."""
    from api.loop import join_orders
    from api.settings import load_settings
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    done = join_orders(opened, load_settings(workspace))
    if as_json:
        console.answer(asdict(done))
        return
    console.say(f"{done.lines:,} lines of custom orders stand in the orders table.")
    if done.waiting:
        console.say(
            f"{done.waiting:,} orders wait until the imported orders reach their day; where every "
            'sale runs through Atelier, set custom_orders = "at_once".'
        )
