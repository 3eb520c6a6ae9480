"""Lists that explore, or are part of an experiment: logged before they are sent."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.lists import AskedRules
from api.live import local_time
from api.responses import responses_since
from api.settings import Settings
from data.store import Store
from data.store.served import NO_FALLBACK, RANKING, ServedList, log_list, served_places
from recsys.evaluation.policy.responses import rewards
from recsys.experiments.splitting import arm_of
from recsys.exploration.beliefs import NO_BELIEFS, Beliefs
from recsys.exploration.exploring import POLICY, explore, random_of, wide
from recsys.lists.recommendation import RecommendationList

SECONDS_BETWEEN_LESSONS: Final = 60.0
DAYS_LEARNED: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How a customer's list is made: as the request asks, else as the customer's arm has it.

    Attributes:
        asked: the rules.
        share: of the list's places that explore.
        experiment: the experiment that the customer is in, if one runs.
        arm: the customer's arm of it.
        model: the saved model that the arm names; None for the current one.
    """

    asked: AskedRules
    share: float
    experiment: str | None = None
    arm: str | None = None
    model: str | None = None

    @property
    def logged(self) -> bool:
        """Whether the list must be logged before it is shown."""
        return self.share > 0 or self.experiment is not None


class Exploring:
    """Explores lists and logs them; safe to share between threads.

    Args:
        store: where lists are logged, and responses come in.
        settings: what explores, and which experiment runs.
        clock: what time it is, with an offset.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self.beliefs = NO_BELIEFS
        self._learned: float | None = None

    @property
    def on(self) -> bool:
        """Whether plain lists explore or are part of an experiment."""
        return self._settings.explore.share > 0 or self._settings.experiment is not None

    def treatment(self, customer_id: str, asked: AskedRules) -> Treatment:
        """How a customer's list is made.

        Args:
            customer_id: whose.
            asked: what the request says.
        """
        share, running = self._settings.explore.share, self._settings.experiment
        if running is None:
            return Treatment(asked=asked, share=share if asked.explore is None else asked.explore)
        name, split = running
        arm = arm_of(customer_id, name, split.weights)
        said = split.arms[arm]
        share = share if said.explore is None else said.explore
        if asked.plan_bonus is None and said.plan_bonus is not None:
            asked = asked.model_copy(update={"plan_bonus": said.plan_bonus})
        return Treatment(
            asked=asked,
            share=share if asked.explore is None else asked.explore,
            experiment=name,
            arm=arm,
            model=said.model,
        )

    def learn(self) -> None:
        """Take up what the log says of responses, now and then; for one thread."""
        now = time.monotonic()
        if self._learned is not None and now - self._learned < SECONDS_BETWEEN_LESSONS:
            return
        self._learned = now
        since = self._now() - DAYS_LEARNED
        served = served_places(self._store.database, since=since, plain=False)
        if len(served):
            came = responses_since(self._store, since, self._settings.explore.responses)
            window = self._settings.explore.window
            self.beliefs = Beliefs.of(served.assign(reward=rewards(served, came, window)))

    def shown(
        self,
        customer_id: str,
        k: int,
        treatment: Treatment,
        model_id: str,
        make: Callable[[int], RecommendationList],
    ) -> RecommendationList:
        """The list that is shown, once it is logged.

        Args:
            customer_id: to whom.
            k: how many at most.
            treatment: see `treatment`.
            model_id: the saved model that ranks.
            make: the ranking of a length.

        Raises:
            StoreError: it cannot be logged; then it must not be shown.
        """
        settings = self._settings.explore.model_copy(update={"share": treatment.share})
        list_id = uuid.uuid4().hex
        found = explore(
            make(wide(k, settings)),
            k,
            beliefs=self.beliefs,
            settings=settings,
            random=random_of(self._settings.seed, customer_id, list_id),
        )
        served = ServedList(
            list_id=list_id,
            customer_id=customer_id,
            at=self._now(),
            model_id=model_id,
            policy=POLICY if treatment.share > 0 else RANKING,
            experiment=treatment.experiment,
            arm=treatment.arm,
            variants=[one.variant_id for one in found.found.recommendations],
            propensities=found.propensity.tolist(),
            fallback=found.found.fallback or NO_FALLBACK,
        )
        log_list(self._store.database, served)
        return found.found

    def _now(self) -> datetime:
        return local_time(self._clock(), self._settings.timezone)
