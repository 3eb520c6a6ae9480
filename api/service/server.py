"""Running the service: load, bind, serve, close."""

from __future__ import annotations

import atexit
import os
import socket
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from api.errors import OutputError, SettingsError
from api.service import request_log
from api.service.app import create_app
from api.service.counters import FOLDER
from api.service.engine import open_engine, opened
from api.service.memory import few_arenas
from api.service.tracing_asked import spans_if_asked
from api.settings import Settings, load_settings

BACKLOG = 2048
SECONDS_FOR_WORKER = 120
"""For a worker to start or to answer; one that takes longer counts as hung and is replaced."""


def run(workspace: Path, flags: Mapping[str, Any]) -> None:
    """Serve a workspace until interrupted.

    Args:
        workspace: which.
        flags: settings that the command line says, see `load_settings`.

    Raises:
        SettingsError: the certificate or its key cannot be used, traces cannot be sent, or the
            model of an experiment's arm cannot be used.
        OutputError: the address cannot be bound.
        WorkspaceError: the folder is no workspace.
        StoreError: the store cannot be opened.
    """
    few_arenas()
    settings = load_settings(workspace, **flags)
    secure, spans = _tls(settings), spans_if_asked()
    request_log.configure()
    with (
        bind(settings.host, settings.port) as listening,
        open_engine(workspace, settings) as engine,
        ExitStack() as undo,
    ):
        engine.serving.check_arms()
        scheme, (host, port) = "https" if secure else "http", listening.getsockname()[:2]
        request_log.say("serving", url=f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        try:
            if settings.workers == 1:
                uvicorn.Server(_config(create_app(engine, spans), secure)).run(sockets=[listening])
            else:
                engine.close()
                os.environ[FOLDER] = undo.enter_context(tempfile.TemporaryDirectory())
                config = _config(partial(_worker, workspace, dict(flags)), secure, settings.workers)
                Multiprocess(config, sockets=[listening]).run()
        except KeyboardInterrupt:
            request_log.say("stopped")


def _config(app: Any, secure: Mapping[str, Any], workers: int = 1) -> uvicorn.Config:
    """How the server runs an application, or what makes one in each of several workers."""
    return uvicorn.Config(
        app,
        factory=workers > 1,
        workers=workers,
        log_config=None,
        access_log=False,  # it would log paths, which hold customer ids
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=SECONDS_FOR_WORKER,
        **secure,
    )


def _tls(settings: Settings) -> dict[str, Any]:
    """What the server needs for HTTPS; empty where it is not asked for.

    Raises:
        SettingsError: one of certificate and key is missing, or they cannot be used.
    """
    if settings.tls_cert is None and settings.tls_key is None:
        return {}
    if settings.tls_cert is None or settings.tls_key is None:
        raise SettingsError(
            "A certificate and its key go together.",
            where="flags --tls-cert and --tls-key",
            fix="Give both.",
        )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_cert, settings.tls_key
        )
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate and its key cannot be used: {error.strerror or error}.",
            where=f"{settings.tls_cert}, {settings.tls_key}",
            fix="Give PEM files that belong together.",
        ) from None
    return {"ssl_certfile": settings.tls_cert, "ssl_keyfile": settings.tls_key}


def _worker(workspace: Path, flags: Mapping[str, Any]) -> FastAPI:
    """The application of one worker, which holds its engine until it ends."""
    few_arenas()
    request_log.configure()
    engine = opened(workspace, load_settings(workspace, **flags))
    atexit.register(engine.close)
    return create_app(engine, spans_if_asked())


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
