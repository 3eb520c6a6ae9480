"""Listening to a broker in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Final

from api.broker.address import EventsAddress
from api.broker.listening import listen
from api.service import request_log
from api.service.engine import Engine, open_engine
from api.settings import Settings

SECONDS_BETWEEN_LOOKS: Final = 2.0


def run(workspace: Path, settings: Settings, address: EventsAddress) -> None:
    """Take in a broker's events until SIGINT or SIGTERM.

    No list is made here, so that the models of experiments' arms are not loaded.

    Raises:
        WorkspaceError: the folder is no workspace.
        StoreError: the store cannot be opened.
    """
    request_log.configure()
    with open_engine(workspace, settings.model_copy(update={"experiments": {}})) as engine:

        async def work() -> None:
            looking = asyncio.create_task(_look_for_models(engine))
            listening = asyncio.create_task(listen(address, engine))
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, listening.cancel)
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            looking.cancel()

        asyncio.run(work())
        request_log.say("stopped")


async def _look_for_models(engine: Engine) -> None:
    """Know the variants of a new model as soon as the service does."""
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            await asyncio.to_thread(engine.refresh)
        except Exception as error:  # one bad look must not end all looking
            request_log.crashed(error, task="look")
