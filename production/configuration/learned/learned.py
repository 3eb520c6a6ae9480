"""The learned choices of one product: what is likely next, and the whole that is likely wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from production.configuration.choices import Choice
from production.configuration.configuration import Configuration, configuration_of
from production.configuration.learned.decisions import Decisions, decisions_of
from production.configuration.learned.estimation import Estimation
from production.configuration.learned.offer import least_changed, settled
from production.configuration.learned.past import Value
from production.configuration.product import Product
from production.configuration.solving.guide import Status
from production.configuration.solving.splitting import Unsatisfiable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyChoice:
    """A choice that is open, and how likely it is to be made.

    Attributes:
        choice: as a customer says it: `M`, `letters=3`.
        probability: that the finished product has it.
    """

    choice: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class LearnedChoices:
    """What past configurations of a product say of the next one.

    Attributes:
        style_id: the style that the product makes.
        product: its model.
        estimation: the chances.
        values: (N,) numbers of the past configurations, by option; texts are nobody else's.
    """

    style_id: str
    product: Product
    estimation: Estimation
    values: tuple[Mapping[str, Fraction], ...]

    @cached_property
    def decisions(self) -> Decisions:
        """What there is to choose."""
        return decisions_of(self.product)

    def likely(
        self, choices: Sequence[Choice] = (), customer: str | None = None, k: int = 5
    ) -> tuple[LikelyChoice, ...]:
        """The k most likely of the choices that are open, the likeliest first.

        Each can be made, and the product then be finished. What the choices settle is left out,
        and so is what is asked only after another choice.

        Raises:
            Unsatisfiable: the choices are not possible together.
        """
        status = self._status(choices)
        chances = self.chances(choices, customer)
        open_now = (status[self.decisions.literals] == 0) & (status[self.decisions.parents] > 0)
        places = np.flatnonzero(open_now)
        order = places[np.argsort(-chances[places], kind="stable")][:k]
        return tuple(
            LikelyChoice(choice=self.decisions.texts[at], probability=float(chances[at]))
            for at in order
        )

    def completion(
        self, choices: Sequence[Choice] = (), customer: str | None = None
    ) -> Configuration:
        """The whole configuration of which the customer is expected to change the fewest choices.

        It has the choices and keeps every rule. Expected unchanged choices are a sum over options,
        so it is a configuration of the largest weight, found exactly.

        Raises:
            Unsatisfiable: the choices are not possible together.
        """
        literals = [choice.literal for choice in choices]
        status = least_changed(
            self.product.guide, self.decisions, literals, self.chances(choices, customer)
        )
        said = {choice.feature: choice.value for choice in choices if choice.value is not None}
        return configuration_of(
            self.product.guide.encoded, status, {**self._usual_values(status, customer), **said}
        )

    def chances(self, choices: Sequence[Choice] = (), customer: str | None = None) -> Floats:
        """(D,) chance of each option of `decisions`: 1 or 0 where the choices settle it.

        Members of an alternative that is certain to be asked add up to 1.

        Raises:
            Unsatisfiable: the choices are not possible together.
        """
        place = self.decisions.place
        said = {
            place[abs(choice.literal)]: choice.literal > 0
            for choice in choices
            if abs(choice.literal) in place
        }
        found = self.estimation.chances(said, customer)
        return settled(self.decisions, self._status(choices), found)

    def _status(self, choices: Sequence[Choice]) -> Status:
        guidance = self.product.guide.guidance([choice.literal for choice in choices])
        if not guidance.valid:
            raise Unsatisfiable
        return guidance.status

    def _usual_values(self, status: Status, customer: str | None) -> dict[str, Value]:
        """Of each number the most frequent one: of the customer's own, else of all."""
        encoded = self.product.guide.encoded
        found: dict[str, Value] = {}
        for at, ranges in encoded.ranges.items():
            name = encoded.model.features[at].name
            held = next((one for one in ranges if status[one.literal] > 0), None)
            if held is None:
                continue
            own = self._frequent.get((customer or "", name), [])
            for value in (*own, *self._frequent.get(("", name), [])):
                if held.holds(value):
                    found[name] = value
                    break
        return found

    @cached_property
    def _frequent(self) -> dict[tuple[str, str], list[Fraction]]:
        """Values by customer (empty for all) and option, the most frequent first."""
        counts: dict[tuple[str, str], Counter[Fraction]] = {}
        for customer, values in zip(self.estimation.customers, self.values, strict=True):
            for name, value in values.items():
                for who in {"", str(customer)}:
                    counts.setdefault((who, name), Counter())[value] += 1
        return {
            key: sorted(count, key=lambda value: (-count[value], value))
            for key, count in counts.items()
        }
