"""Gate 3: one answer a key, however often it is sent, at once and across a kill."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from data.errors import IllegalStep, KeyReused, LedgerError, OutOfCapacity
from data.ledger import Ledger, Receipt, RequestKey
from tests.data.ledger.shop import DAY, Clock, key, stands, units


def test_the_same_request_again_is_answered_alike_and_done_once(ledger: Ledger) -> None:
    first = ledger.hold(units(3), request=key("a"))
    again = ledger.hold(units(3), request=key("a"))
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)
    confirmed = ledger.confirm(first.order_id, version=1, request=key("b"))
    ledger.start(first.order_id, version=2, request=key("c"))
    assert ledger.confirm(first.order_id, version=1, request=key("b")) == confirmed
    assert ledger.hold(units(3), request=key("a")) == first
    assert stands(ledger) == (7, 0, 3)


def test_another_body_or_step_under_the_key_is_refused(ledger: Ledger) -> None:
    held = ledger.hold(units(3), request=key("a"))
    with pytest.raises(KeyReused):
        ledger.hold(units(4), request=key("a", digest="other"))
    with pytest.raises(KeyReused):
        ledger.confirm(held.order_id, version=1, request=key("a"))
    ledger.confirm(held.order_id, version=1, request=key("b"))
    with pytest.raises(KeyReused):
        ledger.cancel(held.order_id, version=1, request=key("b"))
    with pytest.raises(KeyReused):
        ledger.confirm("another", version=1, request=key("b"))
    assert stands(ledger) == (7, 0, 3)


def test_a_key_counts_only_within_its_scope(ledger: Ledger) -> None:
    one = ledger.hold(units(3), request=key("a", scope="one"))
    two = ledger.hold(units(3), request=key("a", scope="two", digest="other"))
    assert one.order_id != two.order_id
    assert stands(ledger) == (4, 6, 0)


def test_a_refusal_is_an_answer_too(ledger: Ledger) -> None:
    with pytest.raises(OutOfCapacity) as first:
        ledger.hold(units(11), request=key("a"))
    ledger.set_capacity([("saw", DAY, 20)], actor="planner")
    with pytest.raises(OutOfCapacity) as again:
        ledger.hold(units(11), request=key("a"))
    assert str(again.value) == str(first.value)
    ledger.hold(units(11), request=key("b"))
    held = ledger.hold(units(1), request=key("c"))
    with pytest.raises(IllegalStep):
        ledger.ship(held.order_id, version=1, request=key("d"))
    ledger.confirm(held.order_id, version=1, request=key("e"))
    ledger.start(held.order_id, version=2, request=key("f"))
    with pytest.raises(IllegalStep, match="The order is held"):
        ledger.ship(held.order_id, version=1, request=key("d"))


def test_a_key_is_forgotten_only_when_it_is_old(ledger: Ledger, clock: Clock) -> None:
    first = ledger.hold(units(1), request=key("a"))
    clock.move(timedelta(hours=23))
    assert ledger.forget_keys(older_than=timedelta(hours=24)) == 0
    assert ledger.hold(units(1), request=key("a")) == first
    clock.move(timedelta(hours=2))
    assert ledger.forget_keys(older_than=timedelta(hours=24)) == 1
    assert ledger.hold(units(1), request=key("a")).order_id != first.order_id


def test_old_keys_are_forgotten_batch_by_batch_and_no_younger_one(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.ledger.ledger.KEYS_A_BATCH", 2)
    for name in "abcd":
        ledger.hold(units(1), request=key(name, scope=f"scope {name}"))
    clock.move(timedelta(hours=24))
    young = ledger.hold(units(1), request=key("a"))
    assert ledger.forget_keys(older_than=timedelta(hours=24)) == 0  # not a moment before
    clock.move(timedelta(seconds=1))
    assert ledger.forget_keys(older_than=timedelta(hours=24)) == 4
    assert ledger.forget_keys(older_than=timedelta(hours=24)) == 0
    assert ledger.hold(units(1), request=key("a")) == young


@pytest.mark.parametrize(
    "rounds", [pytest.param(8, id="short"), pytest.param(100, id="full", marks=pytest.mark.slow)]
)
def test_ten_at_once_are_one_order_and_one_answer(ledger: Ledger, rounds: int) -> None:
    """Also where it is refused, where the key is used up by another body, and at the last unit."""
    ledger.set_capacity([("saw", DAY, rounds)], actor="planner")
    with ThreadPoolExecutor(10) as pool:
        for number in range(rounds):
            bodies = ["body"] * 10 if number % 2 else ["body"] * 8 + ["other"] * 2
            requests = [key(f"{number}", digest=digest) for digest in bodies]
            answers = list(pool.map(partial(outcome, ledger), requests))
            receipts = [answer for answer in answers if isinstance(answer, Receipt)]
            assert len({receipt.order_id for receipt in receipts}) == 1
            assert sum(not receipt.replayed for receipt in receipts) == 1
            errors = [answer for answer in answers if isinstance(answer, LedgerError)]
            assert all(isinstance(error, KeyReused) for error in errors)
            assert len(errors) in ({0} if number % 2 else {2, 8})
        assert stands(ledger) == (0, rounds, 0)
        refused = list(pool.map(partial(outcome, ledger), [key("too late")] * 10))
    assert {type(answer) for answer in refused} == {OutOfCapacity}
    assert len(set(map(str, refused))) == 1


def outcome(ledger: Ledger, request: RequestKey) -> Receipt | LedgerError:
    try:
        return ledger.hold(units(1), request=request)
    except LedgerError as error:
        return error
