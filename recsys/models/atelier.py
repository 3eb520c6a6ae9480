"""The default: a blend proposes, and trees that learned from past origins decide.

The first stage is the blend of what a customer takes again and what goes with it. The second stage
takes its best candidates and ranks them by how likely each is bought within the horizon, from the
first stages' scores, recency, frequency, trend, price, style and season (`recsys.second_stage`).
It learns from origins in the past, each told by what lay before it, and it ranks only where it won
a trial on customers held back from it; `facts` says how the trial went.

Where no times are known there is no past to learn from: a Chebyshev graph filter, which was the
best of all models there (benchmarks/gowalla.py), stands alone. Trees that
learned from a part of every customer's variants can be asked for (`recsys.models.restacked`).

A variant that nobody has taken yet is placed by its attributes: the customer's scores are carried
over to it along a content model (`recsys.models.content.carried_over`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from recsys.catalogue import Catalogue
from recsys.errors import TooManyVariants
from recsys.interactions import Interactions
from recsys.model import Model, Run, Settings, headed
from recsys.models.blend import Blend, BlendSettings
from recsys.models.content import Content, carried_over
from recsys.models.restacked import Restacked, RestackedSettings
from recsys.second_stage import features as second_stage
from recsys.second_stage.examples import Examples, examples_at, origins
from recsys.second_stage.features import Features
from recsys.second_stage.learning import Trial, grow, restored_trial, told, trial_state, try_out
from recsys.second_stage.trees import Trees, TreesSettings


class AtelierSettings(Settings):
    """Hyperparameters of the two stages."""

    blend: BlendSettings = BlendSettings()
    """The first stage."""

    untimed: RestackedSettings = RestackedSettings(learned_from=0)
    """What stands where no times are known: the filter alone, unless `learned_from` says more."""

    trees: TreesSettings = TreesSettings()
    """The second stage."""

    horizon_days: Annotated[PositiveInt, Field(le=366)] = 28
    """Days ahead that are ranked for."""

    origins: Annotated[NonNegativeInt, Field(le=60)] = 7
    """Past origins to learn from, at most; 0 leaves the second stage out."""

    step_days: Annotated[PositiveInt, Field(le=366)] = 14
    """Days between two of them."""


class Atelier(Model):
    """Score: log odds of the candidates, and below them the blend's order of all others.

    A fit takes what `origins` + 1 fits of the first stages take, and the trees. A score takes the
    first stages' and, a customer, some 300 candidates through the trees.
    """

    name: ClassVar[str] = "atelier"
    settings: AtelierSettings

    def __init__(self, settings: AtelierSettings | None = None) -> None:
        self.settings = settings or AtelierSettings()
        self._blend = Blend(self.settings.blend)
        self._features = Features(self._blend, self.settings.horizon_days)
        self._untimed: Restacked | None = None  # where no times are known
        self._trees: Trees | None = None
        self._content: Content | None = None  # where the catalogue has variants nobody took
        self.trial: Trial | None = None
        """How the second stage did on customers held back; None where there was no trial."""

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(AtelierSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Learn the second stage from past origins, then the first stages from all lines."""
        self._trees, self.trial, self._untimed = None, None, None
        if not interactions.age.any():
            self._untimed = Restacked(self.settings.untimed).fit(interactions, catalogue, run)
            self.trial = self._untimed.trial
            self._content = None
            return self
        examples = self._examples(interactions, catalogue, run)
        judged = next((n for n, (days, _) in enumerate(examples) if days), None)
        if judged is not None:
            found = [each for _, each in examples]
            self.trial = try_out(found, self.settings.trees, run, origin=judged)
            if self.trial is not None and self.trial.won:
                self._trees = grow(found, self.settings.trees, run)
        if self._trees is None:
            self._blend.fit(interactions, catalogue, run)
        else:
            self._features.fit(interactions, catalogue, run)
        self._content = self._content_of(interactions, catalogue, run)
        return self

    def _content_of(
        self, interactions: Interactions, catalogue: Catalogue, run: Run
    ) -> Content | None:
        """The model of attributes, where there are variants that nobody took but tell something."""
        untaken = np.bincount(interactions.variant, minlength=interactions.shape[1]) == 0
        told = (catalogue.titles[untaken] != "").any() or any(
            (values[untaken] != "").any() for values in catalogue.attributes.values()
        )
        if not told:
            return None
        try:
            return Content().fit(interactions, catalogue, run)
        except TooManyVariants:
            return None  # they come last, as in any other model

    def _examples(
        self, interactions: Interactions, catalogue: Catalogue, run: Run
    ) -> list[tuple[bool, Examples]]:
        """What each past origin teaches, and whether its horizon is a whole one."""
        horizon = self.settings.horizon_days
        found = []
        for origin in origins(
            interactions,
            horizon=horizon,
            step=self.settings.step_days,
            most=self.settings.origins,
        ):
            each = examples_at(origin, interactions, catalogue, self.settings.blend, run)
            if each is not None:
                found.append((origin.horizon == horizon, each))
        return found

    def facts(self) -> Mapping[str, object]:
        """The trial, and what the trees went by."""
        if self._untimed is not None:
            return self._untimed.facts()
        return told(self._trees, self.trial, second_stage.NAMES)

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class."""
        scores = self._staged(histories)
        if self._content is None:
            return scores
        return carried_over(scores, self._content.score(histories), self._blend.known)

    def _staged(self, histories: Interactions) -> NDArray[np.float32]:
        """(U, V) scores of the two stages, where what nobody took comes last."""
        if self._trees is None:
            return self._first.score(histories)
        signals = self._features.signals.score(histories)
        found = self._features.describe(histories, signals)
        score = signals["blend"].copy()
        row, variant = found.row, found.variant
        odds = self._trees.score(found.features)
        least = np.zeros(len(score), dtype=np.float32)
        np.minimum.at(least, row, odds)
        score -= score.max(axis=1, keepdims=True)  # all others lie below the least candidate
        score += least[:, None] - 1
        score[row, variant] = odds
        return score

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What carried the variants in the first stage, which proposed them."""
        return self._first.contributions(history, variants)

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Likeness in the blend; of attributes for a variant that nobody took."""
        if self._content is not None and not self._blend.known[variant]:
            return self._content.similar(variant)
        return self._first.similar(variant)

    @property
    def _first(self) -> Model:
        """The first stage."""
        return self._blend if self._untimed is None else self._untimed

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`; the trees are LightGBM's text, the trial JSON."""
        kept: dict[str, NDArray[np.generic]] = {"trial": trial_state(self.trial)}
        if self._content is not None:
            kept |= {f"content.{name}": array for name, array in self._content.state().items()}
        if self._untimed is not None:
            return {**kept, **{f"untimed.{n}": array for n, array in self._untimed.state().items()}}
        if self._trees is None:
            first = {f"blend.{name}": array for name, array in self._blend.state().items()}
            return {**kept, **first}
        learned = {f"features.{name}": array for name, array in self._features.state().items()}
        return {**kept, **learned, "trees": self._trees.state()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self.trial = restored_trial(state["trial"])
        content = headed(state, "content.")
        self._content = Content().restore(content) if content else None
        untimed = headed(state, "untimed.")
        self._trees, self._untimed = None, None
        if untimed:
            self._untimed = Restacked(self.settings.untimed).restore(untimed)
        elif "trees" in state:
            self._features.restore(headed(state, "features."))
            self._trees = Trees.restore(state["trees"])
        else:
            self._blend.restore(headed(state, "blend."))
        return self
