"""A message's way into the store: stored, set aside with its reason, or left for later."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final

from api.broker.messages import read_message
from api.errors import NotReady
from api.service.counters import MESSAGES
from api.service.engine import Engine
from api.service.request_log import crashed, say
from data.errors import AtelierError, StoreConflict, StoreError
from data.failpoints import reach
from data.store.dead_letters import set_aside

LEAST_WAIT, MOST_WAIT = 0.1, 10.0
"""Seconds before a message that could not be stored is given back; it doubles with the outage."""

SECONDS_BETWEEN_LINES: Final = 10.0


class Intake:
    """Takes messages of one address into an engine's store.

    A message is acknowledged only after the store's commit, of its events or of its being set
    aside. One that comes again, since its acknowledgement was lost, changes nothing.

    Args:
        engine: knows the catalogue and has the store.
        source: where the messages come from, without a secret.
    """

    def __init__(self, engine: Engine, source: str) -> None:
        self._engine = engine
        self._source = source
        self._away_since: float | None = None
        self._told = -SECONDS_BETWEEN_LINES

    async def handle(self, message: Any) -> None:
        """Store a message of FastStream's and acknowledge it, or give it back after a while."""
        try:
            taken = await asyncio.to_thread(self.take, message.body)
        except Exception as error:  # a fault of our own must not end the reading of all messages
            crashed(error, task="intake")
            taken = False
        try:
            if taken:
                self._away_since = None
                await message.ack()
            else:
                await asyncio.sleep(self._wait())
                await message.nack()
        except Exception as error:  # of whichever client: the broker delivers the message again
            say("not acknowledged", source=self._source, error=type(error).__name__)

    def take(self, body: bytes) -> bool:
        """Whether a message has been dealt with for good; one that has not is to come again."""
        try:
            try:
                self._engine.append(read_message(body))
                reach("event-stored")
                MESSAGES.labels("stored").inc()
            except (NotReady, StoreError) as error:
                if not isinstance(error, StoreConflict):
                    raise
                self._set_aside(body, error)
            except AtelierError as error:
                self._set_aside(body, error)
        except (NotReady, StoreError) as error:
            self._say_away(error)
            return False
        return True

    def _set_aside(self, body: bytes, error: AtelierError) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        letter_id = set_aside(
            self._engine.store,
            self._source,
            body,
            error,
            now=now,
        )
        MESSAGES.labels("dead").inc()
        say("message set aside", source=self._source, code=error.code, letter_id=letter_id)

    def _say_away(self, error: AtelierError) -> None:
        MESSAGES.labels("returned").inc()
        if time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            say("message returned", source=self._source, code=error.code, what=error.what)

    def _wait(self) -> float:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        return min(max(now - self._away_since, LEAST_WAIT), MOST_WAIT)
