"""Listening to a broker for as long as the process lives, whatever becomes of the broker."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from api.broker.address import EventsAddress
from api.broker.intake import Intake
from api.broker.subscribing import broker_of, calm, prepare
from api.service.engine import Engine
from api.service.request_log import say

SECONDS_TO_START: Final = 15.0
SECONDS_TO_STOP: Final = 5.0
SECONDS_BETWEEN_PINGS: Final = 1.0
SECONDS_TO_PING: Final = 3.0

LEAST_WAIT, MOST_WAIT = 0.2, 10.0
"""Seconds before a broker that is away is asked again; twice as many each time."""


async def listen(address: EventsAddress, engine: Engine) -> None:
    """Take in events until cancelled.

    A broker that goes away is connected to anew; what it has not been acknowledged it delivers
    again, and events are stored once.
    """
    intake = Intake(engine, address.shown)
    wait = LEAST_WAIT
    while True:
        broker = broker_of(address, intake.handle)
        try:
            await asyncio.wait_for(prepare(address), SECONDS_TO_START)
            await asyncio.wait_for(broker.start(), SECONDS_TO_START)
            calm(address, broker)
            say("listening", source=address.shown)
            wait = LEAST_WAIT
            await _until_away(broker)
            say("broker away", source=address.shown)
        except Exception as error:  # each client has errors of its own, and all mean: try again
            say("broker away", source=address.shown, error=type(error).__name__)
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(broker.stop(), SECONDS_TO_STOP)
        await asyncio.sleep(wait)
        wait = min(2 * wait, MOST_WAIT)


async def _until_away(broker: Any) -> None:
    """Return once the broker does not answer, or the reading of its messages has ended."""
    while await broker.ping(SECONDS_TO_PING) and all(one.running for one in broker.subscribers):
        await asyncio.sleep(SECONDS_BETWEEN_PINGS)
