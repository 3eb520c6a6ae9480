"""The blend: what a customer takes again and what goes with it, on one scale and summed.

Each part scores on its own; a customer's scores of each part are brought to mean 0 and standard
deviation 1 over the variants that anybody took, and summed with the weights of the settings. The
weights were chosen on the origins 2010-06-07, 2010-07-05 and 2010-08-02 of Online Retail II.

Where no times are known no line fades and the collaborative part is plain EASE. If what was bought
is left out too, the personal part is the same for all that is left but for its tie-break, and the
sum orders as plain EASE does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings
from recsys.models.ease import Ease, EaseSettings
from recsys.models.personal import Personal, PersonalSettings


class BlendSettings(Settings):
    """Hyperparameters of the blend."""

    personal: PersonalSettings = PersonalSettings(recency_days=300.0)
    """The part that takes again what was taken."""

    ease: EaseSettings = EaseSettings(recency_days=90.0, regularization=400.0)
    """The part that takes what goes with it."""

    untimed_regularization: Annotated[PositiveFloat, Search(10, 5000)] = 100.0
    """lambda of the collaborative part where no times are known: weights that do not fade want
    less of it beside them."""

    personal_weight: NonNegativeFloat = 1.0
    """Weight of the personal part."""

    ease_weight: Annotated[NonNegativeFloat, Search(0.1, 10)] = 1.0
    """Weight of the collaborative part; searched alone, since only the ratio of the two counts."""


class Blend(Model):
    """Score: the weighted sum of each part's standardized scores.

    Costs what `Ease` costs, and three passes over customers * variants.
    """

    name: ClassVar[str] = "blend"
    settings: BlendSettings

    def __init__(self, settings: BlendSettings | None = None) -> None:
        self.settings = settings or BlendSettings()
        self._personal = Personal(self.settings.personal)
        self._ease = Ease(self.settings.ease)
        self._last: tuple[bytes, list[np.float32]] = (b"", [])  # one history, its parts' scales

    @property
    def _parts(self) -> dict[str, tuple[float, Model]]:
        """Name, weight and model of each part."""
        return {
            "personal": (self.settings.personal_weight, self._personal),
            "ease": (self.settings.ease_weight, self._ease),
        }

    @property
    def known(self) -> NDArray[np.bool_]:
        """(V,) bool: the variants that anybody took before the fit."""
        return self._ease.known

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(BlendSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Fit each part on the same interactions."""
        timed = bool(interactions.age.any())
        plain = {"regularization": self.settings.untimed_regularization}
        ease = self.settings.ease
        self._ease = Ease(ease if timed else ease.model_copy(update=plain))
        for _, part in self._parts.values():
            part.fit(interactions, catalogue, run)
        self._last = (b"", [])
        return self

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """See the class."""
        total = np.zeros(histories.shape, dtype=np.float32)
        scales = []
        for weight, part in self._parts.values():
            scores = part.score(histories)
            counted = self._counted(scores)
            scale = np.float32(weight) / _spread(counted)
            scores -= counted.mean(axis=1, keepdims=True)
            scores *= scale
            total += scores
            scales.append(scale)
        if len(total) == 1:  # a request asks next why, and need not score again
            self._last = (_digest(histories), [scale[0, 0] for scale in scales])
        return total

    def _counted(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The columns that mean and deviation are taken over: those of variants that anybody took.

        Catalogue rows of next season must not move the balance of the parts.
        """
        known = self._ease.known
        return scores if known.all() else np.compress(known, scores, axis=1)

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The parts' contributions, on the scale of the sum."""
        total = np.zeros((len(variants), len(history.held())), dtype=np.float32)
        for scale, (_, part) in zip(self._scales(history), self._parts.values(), strict=True):
            total += scale * part.contributions(history, variants)
        return total

    def _scales(self, history: Interactions) -> list[np.float32]:
        """What each part of one customer's score was multiplied by."""
        known, scales = self._last
        if known != _digest(history):
            scales = [
                (np.float32(weight) / _spread(self._counted(part.score(history))))[0, 0]
                for weight, part in self._parts.values()
            ]
        return scales

    def similar(self, variant: int) -> NDArray[np.float32]:
        """Likeness in the collaborative part."""
        return self._ease.similar(variant)

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """Every part's state, each name headed by its part's."""
        return {
            f"{name}.{key}": array
            for name, (_, part) in self._parts.items()
            for key, array in part.state().items()
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        for name, (_, part) in self._parts.items():
            head = f"{name}."
            part.restore(
                {key.removeprefix(head): state[key] for key in state if key.startswith(head)}
            )
        self._last = (b"", [])
        return self


def _digest(history: Interactions) -> bytes:
    """All that a score takes from a history."""
    lines = (history.variant, history.age, history.weight)
    return b"lines" + b"".join(column.tobytes() for column in lines)


def _spread(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """(U, 1) float32: standard deviation of each customer's scores; 1 where all are alike."""
    spread: NDArray[np.float32] = scores.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    return spread
