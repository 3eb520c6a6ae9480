"""`atelier serve`: the HTTP service of a workspace."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import typer

from api.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from api.errors import OpenAddress


def serve(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    host: Annotated[str | None, typer.Option(help="Address to bind.  [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to bind; 0: any free.  [default: 8000]"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes that serve.  [default: 1]"),
    ] = None,
    allow_open: Annotated[
        bool,
        typer.Option("--allow-open", help="Bind an address that others can reach, without keys."),
    ] = False,
) -> None:
    """Serve recommendations and plans over HTTP."""
    from api.settings import load_settings

    flags = {"host": host, "port": port, "workers": workers}
    settings = load_settings(workspace, **flags)
    if not allow_open and not is_loopback(settings.host):
        raise OpenAddress(
            "Anyone who reaches this address could read every recommendation and plan.",
            where=f"host {settings.host}",
            fix="Bind 127.0.0.1, or say --allow-open where something in front keeps strangers out.",
        )

    from api.service.server import run

    run(workspace, flags)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name other than localhost may be any."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
