"""Gate 4: orders' lives as a stateful property, against a model in plain dictionaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from data.errors import IllegalStep, LedgerError, NoCapacity, OutOfCapacity, StaleVersion
from data.ledger import Ledger, Line, Receipt, open_ledger
from tests.data.ledger.shop import DAY, Clock, key, line, need, order

RESOURCES = ("press", "saw", "unstated")

# The model's own table of what is allowed, written by hand from the documentation.
NEXT: dict[tuple[str, str], str] = {
    ("held", "confirm"): "confirmed",
    ("held", "cancel"): "cancelled",
    ("held", "change"): "held",
    ("confirmed", "start"): "in_production",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "change"): "confirmed",
    ("in_production", "ship"): "shipped",
    ("shipped", "return"): "returned",
}
GIVEN_BACK = {"cancelled", "expired"}


@dataclass
class Known:
    """An order in the model."""

    state: str
    version: int
    expires_at: datetime
    taken: Counter[str]


needs = st.lists(
    st.tuples(st.sampled_from(RESOURCES[:2]), st.integers(1, 4)), min_size=1, max_size=4
)
seldom_unstated = st.lists(
    st.tuples(st.sampled_from(RESOURCES), st.integers(1, 4)), min_size=1, max_size=3
)
some_needs = needs | needs | needs | seldom_unstated
steps = st.sampled_from(["confirm", "start", "ship", "return", "cancel", "change"])


class Life(RuleBasedStateMachine):
    """Any steps with any orders at any time, right or wrong, new or sent again."""

    ledger: ClassVar[Ledger]
    clock: ClassVar[Clock]
    runs: ClassVar[int] = 0
    steps_run: ClassVar[int] = 0

    @initialize(press=st.integers(0, 12), saw=st.integers(0, 12))
    def open_shop(self, press: int, saw: int) -> None:
        """Resources of this run alone; whatever earlier runs held runs out."""
        cls = type(self)
        cls.runs += 1
        self.run = cls.runs
        self.clock.move(timedelta(days=40))
        self.ledger.expire()
        self.capacity = {"press": press, "saw": saw}
        self.known: dict[str, Known] = {}
        self.sent: list[tuple[Any, Any]] = []
        self._state()

    def _state(self) -> None:
        amounts = [(self.named(name), DAY, amount) for name, amount in self.capacity.items()]
        self.ledger.set_capacity(amounts, actor="planner")

    def named(self, resource_id: str) -> str:
        return f"{resource_id} {self.run}"

    def line_of(self, wanted: list[tuple[str, int]]) -> Line:
        return line(*(need(amount, self.named(name)) for name, amount in wanted))

    @rule(wanted=some_needs, minutes=st.integers(1, 30))
    def hold(self, wanted: list[tuple[str, int]], minutes: int) -> None:
        asked = order(*(self.line_of([one]) for one in wanted), hold_for=timedelta(minutes=minutes))
        request = key(f"{self.run} {len(self.sent)}")

        def send() -> Receipt:
            return self.ledger.hold(asked, request=request)

        total = count_of(wanted)
        expected = self.refusal_of_room(total)
        answer = self.send(send, expected)
        if isinstance(answer, Receipt):
            assert answer.order_id not in self.known
            assert (answer.state, answer.version) == ("held", 1)
            self.known[answer.order_id] = Known("held", 1, answer.expires_at, total)

    @rule(
        which=st.integers(0, 1000),
        step=steps,
        late=st.sampled_from([0, 0, 0, 0, 1]),
        wanted=some_needs,
    )
    def step(self, which: int, step: str, late: int, wanted: list[tuple[str, int]]) -> None:
        if not self.known:
            return
        order_id = sorted(self.known)[which % len(self.known)]
        known = self.known[order_id]
        version = known.version - late
        request = key(f"{self.run} {len(self.sent)}")

        def send() -> Receipt:
            match step:
                case "change":
                    lines = tuple(self.line_of([one]) for one in wanted)
                    return self.ledger.change(order_id, lines, version=version, request=request)
                case "return":
                    return self.ledger.return_(
                        order_id, version=version, reason="r", request=request
                    )
                case _:
                    done: Receipt = getattr(self.ledger, step)(
                        order_id, version=version, request=request
                    )
                    return done

        total = count_of(wanted) if step == "change" else known.taken
        after = NEXT.get((known.state, step))
        expected: type[LedgerError] | None = None
        if after is None:
            expected = IllegalStep
        elif late:
            expected = StaleVersion
        elif step == "change":
            expected = self.refusal_of_room(total, known.taken)
        answer = self.send(send, expected)
        if isinstance(answer, Receipt):
            assert after is not None
            known.state, known.version, known.taken = after, known.version + 1, total
            assert (answer.state, answer.version) == (known.state, known.version)

    @rule(which=st.integers(0, 1000))
    def send_again(self, which: int) -> None:
        """Whatever has happened since, an answer stays as it was, and nothing is done twice."""
        if self.sent:
            send, before = self.sent[which % len(self.sent)]
            assert outcome(send) == before

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes: int) -> None:
        self.clock.move(timedelta(minutes=minutes))
        for known in self.known.values():
            if known.state == "held" and known.expires_at <= self.clock.now:
                known.state, known.version = "expired", known.version + 1

    @rule()
    def sweep(self) -> None:
        self.ledger.expire()

    @rule(resource_id=st.sampled_from(RESOURCES[:2]), amount=st.integers(0, 15))
    def state_capacity(self, resource_id: str, amount: int) -> None:
        self.ledger.expire()
        before = self.capacity[resource_id]
        self.capacity[resource_id] = amount
        try:
            self._state()
        except LedgerError:
            assert amount < self.taken()[resource_id]
            self.capacity[resource_id] = before
        else:
            assert amount >= self.taken()[resource_id]

    @invariant()
    def capacity_is_exactly_what_the_model_says(self) -> None:
        type(self).steps_run += 1
        for name, amount in getattr(self, "capacity", {}).items():
            [found] = self.ledger.free(self.named(name), [DAY])
            held = self.taken({"held"})[name]
            committed = self.taken()[name] - held
            assert (found.amount, found.held, found.committed) == (amount, held, committed)
            assert found.free == amount - held - committed

    def teardown(self) -> None:
        for order_id, known in getattr(self, "known", {}).items():
            found = self.ledger.order(order_id)
            assert (found.state, found.version) == (known.state, known.version)

    def taken(self, states: set[str] | None = None) -> Counter[str]:
        total: Counter[str] = Counter()
        for known in self.known.values():
            if known.state in states if states else known.state not in GIVEN_BACK:
                total += known.taken
        return total

    def refusal_of_room(
        self, wanted: Counter[str], already: Counter[str] | None = None
    ) -> type[LedgerError] | None:
        """What the first short resource, in their order, is refused with."""
        taken = self.taken()
        for name in RESOURCES:
            rise = wanted[name] - (already or Counter())[name]
            if rise > 0 and name not in self.capacity:
                return NoCapacity
            if rise > 0 and taken[name] + rise > self.capacity[name]:
                return OutOfCapacity
        return None

    def send(self, send: Any, expected: type[LedgerError] | None) -> Receipt | tuple[str, str]:
        answer = outcome(send)
        self.sent.append((send, answer))
        if expected is None:
            assert isinstance(answer, Receipt), answer
        else:
            assert isinstance(answer, tuple)
            assert answer[0] == expected.code
        return answer


def outcome(send: Any) -> Receipt | tuple[str, str]:
    try:
        answer: Receipt = send()
    except LedgerError as error:
        return error.code, str(error)
    return answer


def count_of(wanted: list[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name, amount in wanted:
        total[name] += amount
    return total


@pytest.fixture
def clocked(url: str) -> Iterator[type[Life]]:
    clock = Clock()
    ledger = open_ledger(url, clock=clock)

    class Clocked(Life):
        pass

    Clocked.ledger, Clocked.clock, Clocked.runs, Clocked.steps_run = ledger, clock, 0, 0
    yield Clocked
    assert ledger.miscounted() == []
    assert ledger.verify_audit().faults == ()
    ledger.close()


@pytest.mark.parametrize(
    ("lives", "length"),
    [
        pytest.param(4, 20, id="short"),
        pytest.param(200, 60, id="full", marks=pytest.mark.slow),
    ],
)
def test_a_ledger_is_what_its_model_says(clocked: type[Life], lives: int, length: int) -> None:
    run_state_machine_as_test(
        clocked,
        settings=settings(
            max_examples=lives,
            stateful_step_count=length,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert clocked.steps_run >= (10_000 if lives == 200 else 50)
