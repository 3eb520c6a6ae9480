"""Gates 2 and 3: `kill -9`, at random and at each named failpoint."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.ledger.killing import FAILPOINTS, Killed
from tests.data.ledger.shop import Clock, open_shop


def killed(url: str) -> Killed:
    open_shop(url, Clock(), saw=10**9).close()
    return Killed(url)


@pytest.mark.parametrize(
    "times", [pytest.param(4, id="short"), pytest.param(200, id="full", marks=pytest.mark.slow)]
)
def test_killed_at_random_nothing_acknowledged_is_lost(url: str, times: int) -> None:
    ledger, moments = killed(url), np.random.default_rng(0)
    for _ in range(times):
        ledger.kill_one(after=int(moments.integers(1, 9)), seconds=moments.uniform(0, 0.02))
        ledger.check()
    ledger.ask_again()
    assert ledger.slowest < 5
    assert len(ledger.receipts) > times


@pytest.mark.parametrize(
    "times", [pytest.param(1, id="short"), pytest.param(20, id="full", marks=pytest.mark.slow)]
)
def test_killed_at_each_failpoint_nothing_is_half_done(url: str, times: int) -> None:
    ledger, numbers = killed(url), np.random.default_rng(0)
    for failpoint in FAILPOINTS * times:
        ledger.kill_one(failpoint=failpoint, after=int(numbers.integers(1, 9)))
        ledger.check()
    ledger.ask_again()
    assert ledger.slowest < 5
