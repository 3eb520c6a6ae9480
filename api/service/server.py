"""Running the service: load, bind, serve, close."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from api.errors import OutputError
from api.service import request_log
from api.service.app import create_app
from api.service.engine import open_engine
from api.settings import Settings

BACKLOG = 2048


def run(workspace: Path, settings: Settings) -> None:
    """Serve a workspace until interrupted.

    Raises:
        OutputError: the address cannot be bound.
        WorkspaceError: the folder is no workspace.
        StoreError: the store cannot be opened.
    """
    request_log.configure()
    with (
        bind(settings.host, settings.port) as listening,
        open_engine(workspace, settings) as engine,
    ):
        config = uvicorn.Config(
            create_app(engine),
            log_config=None,
            access_log=False,  # it would log paths, which hold customer ids
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        host, port = listening.getsockname()[:2]
        request_log.say("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            request_log.say("stopped")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OutputError: the port is taken or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as undo:
            listening = undo.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
            undo.pop_all()
    except OSError as error:
        raise OutputError(
            f"The address cannot be bound: {error.strerror or error}.",
            where=f"{host}:{port}",
            fix="Stop what holds it, or choose another with --port.",
        ) from None
    return listening
