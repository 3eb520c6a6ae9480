"""Variant mixes for the fast lane: requests that were asked before, of the same plan.

What a request was answered holds for every request that is equal to the letter, as long as the
latest plan, the report that is kept and all that it was read from are as they were then
(`Plans.edition`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, NamedTuple

from fastapi import Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from api.service.fast_lane import Sent
from api.service.plans import Edition, Plans

PATH: Final = "/v1/variant-mix"
MOST_BYTES: Final = 32_000_000
"""Bytes of the answers that are kept; those not asked for the longest go first."""


class _Given(NamedTuple):
    edition: Edition
    sent: Sent


class MixesGiven:
    """Variant mixes that were sent; safe to share between threads."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[bytes, bytes], _Given] = OrderedDict()
        self._size = 0
        self._changing = threading.Lock()

    def keep(self, scope: Scope, edition: Edition, response: Response) -> None:
        """Remember what a request was answered.

        Args:
            scope: the request.
            edition: of the plans, from before the answer was made.
            response: the answer.
        """
        asked = _asked(scope)
        if asked is None:
            return
        sent = Sent(response.raw_headers, bytes(response.body))
        with self._changing:
            before = self._given.pop(asked, None)
            self._size += len(sent.body) - (0 if before is None else len(before.sent.body))
            self._given[asked] = _Given(edition, sent)
            while self._size > MOST_BYTES:
                self._size -= len(self._given.popitem(last=False)[1].sent.body)

    def get(self, scope: Scope, edition: Edition) -> Sent | None:
        """What an equal request was answered in that edition."""
        asked = _asked(scope)
        with self._changing:
            found = None if asked is None else self._given.get(asked)
            if asked is None or found is None or found.edition != edition:
                return None
            self._given.move_to_end(asked)
            return found.sent


class KnownMixes:
    """See `api.service.fast_lane.KnownAnswers`.

    Args:
        plans: whose reports they are.
        given: what was answered.
        route: the route of the variant mix.
    """

    def __init__(self, plans: Plans, given: MixesGiven, route: APIRoute) -> None:
        self.route = route
        self._plans = plans
        self._given = given

    def takes(self, path: str) -> bool:
        """Whether it is the path of the variant mix."""
        return path == PATH

    def answer(self, scope: Scope) -> Sent | None:
        """The report, where it was asked for before."""
        try:
            edition = self._plans.edition()
        except OSError:  # the route says what is wrong
            return None
        return self._given.get(scope, edition)


def _asked(scope: Scope) -> tuple[bytes, bytes] | None:
    """All of a request that its answer follows from; None where it is not plain."""
    accept = [value for name, value in scope["headers"] if name == b"accept"]
    return None if len(accept) > 1 else (scope["query_string"], b"".join(accept))
