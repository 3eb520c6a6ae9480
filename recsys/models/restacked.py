"""Where no times are known: a graph filter proposes, and trees that learned from a part decide.

The first stage is a Chebyshev filter. A part of every customer's variants is set aside, first
stages are fitted on the rest, and trees learn from them which of the filter's best candidates were
set aside (stacking: Wolpert, "Stacked Generalization", Neural Networks 1992). They rank only where
they won a trial on customers held back, by NDCG@20 of what nobody showed them.

The trees put the candidates into another order and leave the first stage's scores to be dealt out
among them, so that what is no candidate, or was had before, keeps its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Settings, headed
from recsys.models.chebyshev import Chebyshev, ChebyshevSettings
from recsys.ranking import BATCH_CELLS
from recsys.second_stage.examples import Examples
from recsys.second_stage.learning import Trial, grow, restored_trial, told, trial_state, try_out
from recsys.second_stage.set_aside import part
from recsys.second_stage.trees import Trees, TreesSettings
from recsys.second_stage.views import NAMES, STEPS, Views, chosen_of


class RestackedSettings(Settings):
    """Hyperparameters of the two stages."""

    first: ChebyshevSettings = ChebyshevSettings()
    """The first stage."""

    trees: TreesSettings = TreesSettings(trees=200, leaves=8, learning_rate=0.05, least_in_leaf=500)
    """The second stage."""

    candidates: PositiveInt = 150
    """How many of the first stage's best, never had before, are ranked anew."""

    learned_from: NonNegativeInt = 20_000
    """Customers to learn from at most, drawn at random; 0 leaves the second stage out."""

    least_customers: PositiveInt = 1_000
    """Fewer than so many with something set aside, and there is no second stage."""


class Restacked(Model):
    """Score: the filter's, dealt out anew among its best candidates where the trees rank.

    A fit takes two of the first stages, one on a part, and the trees. A score takes what the filter
    does and some one-hop products, and `candidates` rows through the trees.
    """

    name: ClassVar[str] = "restacked"
    settings: RestackedSettings

    def __init__(self, settings: RestackedSettings | None = None) -> None:
        self.settings = settings or RestackedSettings()
        self.first = Chebyshev(self.settings.first)
        self._views = Views(self.first)
        self._trees: Trees | None = None
        self.trial: Trial | None = None
        """How the second stage did on customers held back; None where there was no trial."""

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(RestackedSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Learn the second stage from a part of the lines, then the first stages from all."""
        self._trees, self.trial = None, None
        examples = self._examples(interactions, catalogue, run)
        if examples is not None:
            self.trial = try_out([examples], self.settings.trees, run, origin=0)
            if self.trial is not None and self.trial.won:
                self._trees = grow([examples], self.settings.trees, run)
        if self._trees is None:
            self.first.fit(interactions, catalogue, run)
        else:
            self._views.fit(interactions, catalogue, run)
        return self

    def _examples(
        self, interactions: Interactions, catalogue: Catalogue, run: Run
    ) -> Examples | None:
        """The candidates of some customers, and which were set aside; None where there are few."""
        left, aside = part(interactions, seed=run.seed)
        whose = aside // interactions.shape[1]
        customers = np.unique(whose)
        if len(customers) < self.settings.least_customers or not self.settings.learned_from:
            return None
        if len(customers) > self.settings.learned_from:
            draw = np.random.default_rng(run.seed)
            customers = np.sort(draw.choice(customers, self.settings.learned_from, replace=False))
        views = Views(Chebyshev(self.settings.first)).fit(left, catalogue, run)
        parts = []
        size = max(1, BATCH_CELLS // max(interactions.shape[1], 1))
        for start in range(0, len(customers), size):
            batch = customers[start : start + size]
            parts.append(self._described(views, left.take(batch), batch))
        features, first, customer, variant = (
            np.concatenate(each) for each in zip(*parts, strict=True)
        )
        return Examples(
            customer=customer,
            features=features,
            blend=first,
            taken=np.isin(customer * interactions.shape[1] + variant, aside),
            owned=np.zeros(len(customer), dtype=bool),
            wanted=np.bincount(whose, minlength=interactions.shape[0]),
        )

    def _described(
        self, views: Views, histories: Interactions, customers: NDArray[np.integer]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
        """(M, F) features, (M,) first stage, customer and variant of the candidates of a batch."""
        filtered = views.first.responses(histories, STEPS)
        chosen = chosen_of(histories, filtered[0], views.first.known, self.settings.candidates)
        features = views.describe(histories, filtered, chosen)
        first = np.take_along_axis(filtered[0], chosen.variant, 1)
        customer = np.broadcast_to(customers[:, None], chosen.valid.shape).astype(np.int64)
        kept = chosen.valid
        return features[kept], first[kept], customer[kept], chosen.variant[kept]

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class."""
        if self._trees is None:
            return self.first.score(histories)
        filtered = self.first.responses(histories, STEPS)
        scores: NDArray[np.float32] = filtered[0].copy()
        chosen = chosen_of(histories, scores, self.first.known, self.settings.candidates)
        features = self._views.describe(histories, filtered, chosen)
        odds = np.full(chosen.valid.shape, -np.inf, dtype=np.float32)
        odds[chosen.valid] = self._trees.score(features[chosen.valid])
        order = np.argsort(-odds, axis=1, kind="stable")
        ranked = np.take_along_axis(chosen.variant, order, 1)
        row, place = np.nonzero(chosen.valid)  # the valid ones come first in both orders
        scores[row, ranked[row, place]] = filtered[0][row, chosen.variant[row, place]]
        return scores

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """What carried the variants in the first stage, which proposed them."""
        return self.first.contributions(history, variants)

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Likeness in the first stage."""
        return self.first.similar(variant)

    def facts(self) -> Mapping[str, object]:
        """The trial, and what the trees went by."""
        return told(self._trees, self.trial, NAMES)

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`; the trees are LightGBM's text."""
        first = {f"first.{name}": array for name, array in self.first.state().items()}
        if self._trees is None:
            return {**first, "trial": trial_state(self.trial)}
        views = {f"views.{name}": array for name, array in self._views.state().items()}
        trees = {"trees": self._trees.state(), "trial": trial_state(self.trial)}
        return {**first, **views, **trees}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self.trial = restored_trial(state["trial"])
        self.first.restore(headed(state, "first."))
        self._trees = None
        if "trees" in state:
            self._views.restore(headed(state, "views."))
            self._trees = Trees.restore(state["trees"])
        return self
