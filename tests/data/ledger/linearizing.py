"""Whether a history of concurrent operations could have happened one after the other.

Wing and Gong's search (Testing and verifying concurrent objects, 1993) with the memory of Lowe
(Testing for linearizability, 2017): an operation may take effect at any moment between its call
and its answer; a history is linearizable if there is an order of such moments that a sequential
model answers alike. Resources do not depend on each other, so each is searched alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call.

    Attributes:
        kind: "take", "give" or "read".
        amount: how much was taken or given back, where it was.
        answer: whether it was granted, or what was read.
        called: when the call began.
        answered: when its answer came.
    """

    kind: str
    amount: int
    answer: int
    called: float
    answered: float


def applied(free: int, operation: Operation) -> int | None:
    """What is free after an operation of a sequential ledger; None if it answers otherwise."""
    match operation.kind:
        case "take":
            granted = free >= operation.amount
            if granted != bool(operation.answer):
                return None
            return free - operation.amount if granted else free
        case "give":
            return free + operation.amount
        case _:
            return free if free == operation.answer else None


def is_linearizable(history: Sequence[Operation], free: int) -> bool:
    """Whether some order explains a history that begins with so much free."""
    calls = sorted(history, key=lambda operation: operation.called)
    everything = (1 << len(calls)) - 1
    seen: set[tuple[int, int]] = set()
    stack = [(0, free)]
    while stack:
        done, now = stack.pop()
        if done == everything:
            return True
        if (done, now) in seen:
            continue
        seen.add((done, now))
        waiting = [place for place in range(len(calls)) if not done >> place & 1]
        # Nothing can take effect after another that waits has answered already.
        first_answer = min(calls[place].answered for place in waiting)
        for place in waiting:
            if calls[place].called > first_answer:
                break
            after = applied(now, calls[place])
            if after is not None:
                stack.append((done | 1 << place, after))
    return False
