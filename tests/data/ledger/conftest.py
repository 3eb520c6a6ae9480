"""A shop's ledger on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data.ledger import Ledger
from tests.data.ledger.shop import Clock, open_shop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    opened = open_shop(url, clock, press=100)
    yield opened
    opened.close()
