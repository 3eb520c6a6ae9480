"""`atelier serve`: the HTTP service of a workspace."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import DEFAULT_WORKSPACE, WorkspaceOption
from api.errors import OpenAddress

if TYPE_CHECKING:
    from api.settings import Settings


def serve(
    *,
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
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate chain (PEM): speak HTTPS only.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key.")] = None,
    events_from: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Take live events from a broker too, such as nats://HOST?subject=NAME.",
        ),
    ] = None,
    allow_open: Annotated[
        bool,
        typer.Option("--allow-open", help="Bind an address that others can reach, without keys."),
    ] = False,
) -> None:
    """Serve recommendations and plans over HTTP."""
    from api.broker.address import parse_address
    from api.settings import load_settings

    flags = {
        "host": host,
        "port": port,
        "workers": workers,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "events_url": events_from,
    }
    settings = load_settings(workspace, **flags)
    if settings.events_url is not None:
        parse_address(settings.events_url.get_secret_value())
    if (
        not allow_open
        and not is_loopback(settings.host)
        and not _asks_for_keys(workspace, settings)
    ):
        raise OpenAddress(
            "Anyone who reaches this address could read every recommendation and plan.",
            where=f"host {settings.host}",
            fix="Make a key with 'atelier keys create', bind 127.0.0.1, or say --allow-open where "
            "something in front keeps strangers out.",
        )

    from api.service.server import run

    run(workspace, flags)


def _asks_for_keys(workspace: Path, settings: Settings) -> bool:
    """Whether the workspace's store has ever had a key."""
    from data.store import open_store
    from data.store.api_keys import keys_of
    from data.workspace import Workspace

    Workspace.open(workspace)  # or the store would be made in a folder that is none
    store = open_store(settings.store_url(workspace))
    try:
        return bool(keys_of(store))
    finally:
        store.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name other than localhost may be any."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
