"""The model that serves now, and the answers that are known of it.

The model is one immutable snapshot. A request takes the snapshot once and uses nothing else of
the model, so a swap in between cannot mix two versions.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.process import BaseProcess
from typing import Final

from api.errors import NotReady
from api.live import local_time
from api.service.answers import Answers
from api.service.list_making import span_of, start_making
from api.service.ready_lists import open_lists
from api.service.request_log import say
from api.settings import Settings
from api.work import key_of
from data.errors import AtelierError
from data.workspace import Workspace
from recsys.recommender import Recommender
from recsys.saved.saving import current_model, load

SECONDS_BETWEEN_TRIES: Final = 60.0
"""How long to wait before lists are made again, where making them came to nothing."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A loaded model under its id.

    Attributes:
        model_id: the saved version.
        recommender: the model, ready to answer.
        known: the day of the moment up to which the model knows everything.
        loaded_at: when it was taken up, UTC.
    """

    model_id: str
    recommender: Recommender
    known: date
    loaded_at: datetime

    def day(self, today: date) -> date:
        """The day that a list is made for: no earlier than what the model knows."""
        return max(today, self.known)


class Serving:
    """Takes up models and lists made ahead; safe to share between threads.

    `refresh` and `look_for_lists` are for one thread at a time.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._key = key_of(workspace, settings)
        self._snapshot: Snapshot | None = None
        self._answers: Answers | None = None
        self._refusal: AtelierError | None = None
        self._making: BaseProcess | None = None
        self._tried = -SECONDS_BETWEEN_TRIES

    def refresh(self) -> None:
        """Take up the workspace's current model, if it is another one and whole.

        A model that is refused leaves the one before it in place; the refusal is logged once.
        """
        model_id = current_model(self._workspace)
        if model_id is None or (self._snapshot and self._snapshot.model_id == model_id):
            return
        try:
            recommender = load(
                self._workspace, model_id, key=self._key, shared=self._settings.workers > 1
            )
        except AtelierError as error:
            if str(error) != str(self._refusal):
                say("model refused", model_id=model_id, code=error.code, what=error.what)
            self._refusal = error
            return
        known = recommender.interactions.as_of.astype("datetime64[D]").item()
        self._snapshot = Snapshot(model_id, recommender, known, datetime.now(UTC))
        self._refusal = None
        gc.collect()
        gc.freeze()  # or every full collection walks the model's names, while requests wait
        say("model loaded", model_id=model_id)

    def snapshot(self) -> Snapshot:
        """The model that serves now.

        Raises:
            NotReady: none is loaded yet; says why.
        """
        if self._snapshot is not None:
            return self._snapshot
        if self._refusal is not None:
            raise NotReady(self._refusal.what, where=self._refusal.where, fix=self._refusal.fix)
        raise NotReady(
            "The workspace has no model yet.",
            where="model",
            fix="Train one with 'atelier train'; the service takes it up by itself.",
        )

    def held(self) -> Snapshot | None:
        """The model that serves now, if one does."""
        return self._snapshot

    def today(self) -> date:
        """The day on the shop's clock."""
        return local_time(datetime.now(UTC), self._settings.timezone).date()

    def answers(self, snapshot: Snapshot, today: date) -> Answers:
        """What is known to answer by a model on a day."""
        held = self._answers
        if held is None or not held.hold(snapshot.model_id, snapshot.day(today)):
            held = Answers(span_of(snapshot.model_id, snapshot.recommender, today))
            self._answers = held
        return held

    def look_for_lists(self) -> None:
        """Take up the lists made ahead for the model and the day, or have them made."""
        most = self._settings.ready_lists
        if self._snapshot is None or not most:
            return
        snapshot, today = self._snapshot, self.today()
        answers = self.answers(snapshot, today)
        if answers.ready is not None:
            return
        path = answers.span.file(self._workspace.root / "models")
        customers = snapshot.recommender.interactions.customers
        ready = open_lists(path, answers.span, customers, self._key)
        if ready is not None:
            answers.ready = ready
            say("lists ready", model_id=snapshot.model_id, customers=len(ready))
            return
        made = self._making is None or not self._making.is_alive()
        if made and time.monotonic() - self._tried >= SECONDS_BETWEEN_TRIES:
            self._tried = time.monotonic()
            self._making = start_making(self._workspace, snapshot.model_id, today, most, self._key)

    def close(self) -> None:
        """End what is being made."""
        if self._making is not None and self._making.is_alive():
            self._making.terminate()
            self._making.join()
