"""Making lists ahead: a process of its own, so that requests meanwhile wait for nothing."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from api.lists import AskedRules
from api.service.list_schemas import Recommendations
from api.service.ready_lists import PLAIN_K, ReadyList, Span, write_lists
from api.service.schemas import Id
from data.errors import AtelierError
from data.workspace import Workspace
from recsys.lists.recommendation import RecommendationList
from recsys.recommender import Recommender
from recsys.saved.saving import load

NICENESS: Final = 15
_ID: Final = TypeAdapter(Id)


def body_of(model_id: str, found: RecommendationList) -> bytes:
    """A list as it is sent: the one way in which every list becomes bytes."""
    answer = Recommendations.model_validate({"model_id": model_id, **found.to_json()})
    return answer.model_dump_json().encode()


def addressed(body: bytes, customer: str, customer_id: str) -> bytes:
    """A list as it is sent, under the id that the caller gave instead of the pseudonym."""
    if customer == customer_id:
        return body
    return body.replace(b'"%b"' % customer.encode(), to_json(customer_id), 1)


def span_of(model_id: str, recommender: Recommender, today: date) -> Span:
    """The days around today in which lists of no further events stay as they are."""
    day = max(np.datetime64(today, "D"), recommender.interactions.as_of.astype("datetime64[D]"))
    first, after = recommender.catalogue.unchanged(day)
    return Span(model_id=model_id, first=str(first), after=str(after))


def start_making(
    workspace: Workspace, model_id: str, today: date, most: int, key: bytes
) -> BaseProcess:
    """A process that makes the lists of today's span; it ends with this one."""
    process = get_context("spawn").Process(
        target=_make_in_the_background,
        args=(workspace.root, model_id, today, most, key),
        daemon=True,
    )
    process.start()
    return process


def make_lists(root: Path, model_id: str, today: date, most: int, key: bytes) -> int:
    """Make the lists of the span around a day, unless another process does; how many.

    Args:
        root: the workspace.
        model_id: the saved version that makes them.
        today: a day of the span.
        most: customers at most, the most recently active first.
        key: what the model is signed with, and the file will be.

    Raises:
        ModelRefused: the version is gone or altered.
        OSError: its folder is gone, or the disk is full.
    """
    workspace = Workspace.open(root)
    models = workspace.root / "models"
    with (models / model_id / ".lists.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        recommender = load(workspace, model_id, key=key)
        span = span_of(model_id, recommender, today)
        customers = len(recommender.interactions.customers)
        lists = _lists(recommender, model_id, today, most)
        return write_lists(span.file(models), span, customers, lists, key)


def _make_in_the_background(root: Path, model_id: str, today: date, most: int, key: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this
    os.nice(NICENESS)
    with suppress(AtelierError, OSError):  # the model is gone meanwhile; the service looks again
        make_lists(root, model_id, today, most, key)


def _lists(
    recommender: Recommender, model_id: str, today: date, most: int
) -> Iterator[tuple[int, ReadyList]]:
    """Each customer's plain list, by the very call that answers a request."""
    history, catalogue = recommender.interactions, recommender.catalogue
    last = np.full(len(history.customers), np.inf)
    np.minimum.at(last, history.customer, history.age)
    rules, service = AskedRules().rules(stock=None, today=today), parent_process()
    for place in np.argsort(last, kind="stable")[:most].tolist():
        if service is not None and not service.is_alive():
            raise ProcessLookupError("the service is gone")
        customer_id = str(history.customers[place])
        if not _is_id(customer_id):
            continue
        found = recommender.recommend(customer_id, PLAIN_K, rules=rules)
        positions = [catalogue.position(one.variant_id) for one in found.recommendations]
        yield (
            place,
            ReadyList(
                body=body_of(model_id, found),
                shown=np.array(positions, dtype=np.int32),
                fallback=found.fallback,
            ),
        )


def _is_id(text: str) -> bool:
    """Whether the service takes a customer's id as one; an imported one may be no line of text."""
    try:
        _ID.validate_python(text)
    except ValidationError:
        return False
    return True
