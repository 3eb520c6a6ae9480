"""The models that serve now, and the answers that are known of them.

They are the workspace's current model and those that arms of the running experiment name. Each is
one immutable snapshot. A request takes one snapshot once and uses nothing else of any model, so
neither a swap in between nor another arm can mix two versions.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from multiprocessing.process import BaseProcess
from typing import Final

from api.arms import arm_models
from api.errors import Invalid, NotReady
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
from recsys.saved.standing import standing

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

    def check_known(self, variant_id: str, where: str) -> None:
        """Whether the model's catalogue has a variant.

        Raises:
            Invalid: it has not.
        """
        if self.recommender.catalogue.position(variant_id) is None:
            raise Invalid(
                "Nobody knows this variant.",
                where=where,
                fix="Use an id of the catalogue; a new variant is known once a model is trained on "
                "it.",
            )


class Serving:
    """Takes up models and lists made ahead; safe to share between threads.

    `look_for_lists` is for one thread at a time.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._key = key_of(workspace, settings)
        self.arms = arm_models(settings)
        self._taking_up = threading.Lock()
        self._snapshots: Mapping[str | None, Snapshot] = {}  # None: of the current model
        self._refusals: dict[str | None, AtelierError] = {}
        self._answers: Mapping[str, Answers] = {}
        self._making: BaseProcess | None = None
        self._tried = -SECONDS_BETWEEN_TRIES

    def refresh(self) -> None:
        """Take up the current model and the arms', where they are other ones and whole.

        A model that is refused leaves the one before it in place, and one that is gone goes on
        serving; a refusal is logged once. What an arm names stays, whichever model is current.
        """
        with self._taking_up:
            for named in (None, *dict.fromkeys(one.model_id for one in self.arms)):
                self._take_up(named)

    def _take_up(self, named: str | None) -> None:
        held = self._snapshots.get(named)
        model_id = self._standing(named, held)
        if model_id is None or (held is not None and held.model_id == model_id):
            return
        try:
            snapshot = self._loaded(model_id)
        except AtelierError as error:
            if str(error) != str(self._refusals.get(named)):
                say("model refused", model_id=model_id, code=error.code, what=error.what)
            self._refusals[named] = error
            return
        self._snapshots = {**self._snapshots, named: snapshot}
        self._refusals.pop(named, None)

    def _standing(self, named: str | None, held: Snapshot | None) -> str | None:
        """The version to serve: one that customers are erased from gives way to another."""
        if named is None:
            return current_model(self._workspace)
        return standing(self._workspace, named if held is None else held.model_id)

    def _loaded(self, model_id: str) -> Snapshot:
        """A version's snapshot, the one that serves already where one does.

        Raises:
            ModelRefused: see `recsys.saved.saving.load`.
        """
        for one in self._snapshots.values():
            if one.model_id == model_id:
                return one
        recommender = load(
            self._workspace, model_id, key=self._key, shared=self._settings.workers > 1
        )
        known = recommender.interactions.as_of.astype("datetime64[D]").item()
        gc.collect()
        gc.freeze()  # or every full collection walks the model's names, while requests wait
        say("model loaded", model_id=model_id)
        return Snapshot(model_id, recommender, known, datetime.now(UTC))

    def check_arms(self) -> None:
        """Whether each arm's model serves.

        Raises:
            SettingsError: one does not; says why.
        """
        for arm in self.arms:
            if arm.model_id not in self._snapshots:
                raise arm.refused(self._refusals[arm.model_id])

    def snapshot(self, named: str | None = None) -> Snapshot:
        """The model that serves now.

        Args:
            named: as an arm names it; None for the current one.

        Raises:
            NotReady: it is not loaded yet; says why.
        """
        if (held := self._snapshots.get(named)) is not None:
            return held
        if (refusal := self._refusals.get(named)) is not None:
            raise NotReady(refusal.what, where=refusal.where, fix=refusal.fix)
        raise NotReady(
            "The workspace has no model yet.",
            where="model",
            fix="Train one with 'atelier train'; the service takes it up by itself.",
        )

    def of_id(self, model_id: str) -> Snapshot:
        """The model of an id, where it serves; else the current one, see `snapshot`."""
        found = (one for one in self._snapshots.values() if one.model_id == model_id)
        return next(found, None) or self.snapshot()

    def held(self, named: str | None = None) -> Snapshot | None:
        """The model that serves now, if it does; see `snapshot`."""
        return self._snapshots.get(named)

    def today(self) -> date:
        """The day on the shop's clock."""
        return _day(int(time.time()) // 60, self._settings.timezone)

    def answers(self, snapshot: Snapshot, today: date) -> Answers:
        """What is known to answer by a model on a day."""
        held = self._answers.get(snapshot.model_id)
        if held is None or not held.hold(snapshot.model_id, snapshot.day(today)):
            held = Answers(span_of(snapshot.model_id, snapshot.recommender, today))
            serving = {one.model_id for one in self._snapshots.values()}
            others = {of: kept for of, kept in self._answers.items() if of in serving}
            self._answers = {**others, snapshot.model_id: held}
        return held

    def look_for_lists(self) -> None:
        """Take up the lists made ahead for the current model and the day, or have them made."""
        most, snapshot, today = self._settings.ready_lists, self.held(), self.today()
        if self._making is not None and not self._making.is_alive():
            self._making = None  # to have asked lets go of what the system keeps of it
        if snapshot is None or not most:
            return
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
        waited = time.monotonic() - self._tried >= SECONDS_BETWEEN_TRIES
        if self._making is None and waited:
            self._tried = time.monotonic()
            self._making = start_making(self._workspace, snapshot.model_id, today, most, self._key)

    def close(self) -> None:
        """End what is being made."""
        if self._making is not None and self._making.is_alive():
            self._making.terminate()
            self._making.join()


@lru_cache(maxsize=2)
def _day(minute: int, timezone: str) -> date:
    """The day of a minute since 1970 on a zone's clock."""
    return local_time(datetime.fromtimestamp(60 * minute, UTC), timezone).date()
