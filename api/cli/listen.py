"""`atelier listen`: live events from a broker, without the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from api.errors import SettingsError


def listen(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    events_from: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The broker, such as nats://HOST?subject=NAME."),
    ] = None,
) -> None:
    """Store live events from a broker until interrupted."""
    from api.broker.address import parse_address
    from api.settings import load_settings

    settings = load_settings(workspace, events_url=events_from)
    if settings.events_url is None:
        raise SettingsError(
            "No broker is named.",
            where="flag --events-from or environment ATELIER_EVENTS_URL",
            fix="Write nats://HOST?subject=…, redis://HOST?stream=…, amqp://HOST?queue=… or "
            "kafka://HOST?topic=….",
        )
    address = parse_address(settings.events_url.get_secret_value())

    from api.broker.worker import run

    run(workspace, settings, address)
