"""The chance of every option, given some that are chosen and who chooses.

Options o, choices made e and the customer's profile z are taken to be jointly distributed with one
mean and covariance; then the best linear prediction, shrunk, is

    E[o | e, z] = μ + C_oa (C_aa + Λ)⁻¹ (a - μ_a),   a = (e, z),

ridge regression of every option on what is known, with one penalty for choices and one for
profiles (Hoerl and Kennard 1970). Chances of an alternative's members add up by themselves, as they
do in every past configuration. A customer's own past configurations then count as draws beside
`own` imagined ones with these chances (a Dirichlet prior).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.configuration.learned.profiles import Profiles

Floats = NDArray[np.float64]

WEEK: Final = np.timedelta64(7, "D")
LEAST: Final = 1e-3
"""No chance is below this, or above 1 minus it: nothing that the rules allow is impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """How far what is known is trusted; larger is less, and inf not at all.

    Attributes:
        choices: past configurations' worth against the choices made.
        profile: the same against the customer's profile.
        own: imagined configurations beside the customer's own past ones.
        half_life: weeks in which a past configuration loses half its weight.
    """

    choices: float = 5.0
    profile: float = 100.0
    own: float = 3.0
    half_life: float = np.inf


@dataclass(frozen=True, kw_only=True)
class Estimation:
    """What N past configurations say of D options.

    Attributes:
        on: (N, D) uint8, 1 where an option is on.
        customers: (N,) ids; empty where not known.
        moments: (N,) datetime64[us].
        profiles: of customers.
        penalties: see there.
    """

    on: NDArray[np.uint8]
    customers: NDArray[np.object_]
    moments: NDArray[np.datetime64]
    profiles: Profiles
    penalties: Penalties

    def chances(self, choices: Mapping[int, bool], customer: str | None = None) -> Floats:
        """(D,) chance that each option is on, `LEAST` to 1 - `LEAST`.

        Args:
            choices: options chosen (True) or ruled out, by place.
            customer: who chooses, where that is known.
        """
        places = sorted(choices)
        said = np.array([choices[place] for place in places], dtype=np.float64)
        scale = 1 / np.sqrt(self.penalties.choices)
        known = [self._centred[:, places] * scale]
        deviation = [(said - self._mean[places]) * scale]
        at = None if customer is None else self.profiles.row.get(customer)
        if at is not None and np.isfinite(self.penalties.profile):
            scale = 1 / np.sqrt(self.penalties.profile)
            known.append(self._profiled * scale)
            deviation.append(self.profiles.values[at] * scale)
        a = np.column_stack(known)  # (N, A)
        found = self._mean
        if a.shape[1]:
            weight = np.linalg.solve(a.T @ a + np.eye(a.shape[1]), np.concatenate(deviation))
            found = found + (a @ weight) @ self._centred
        return np.clip(self._with_own(found, customer), LEAST, 1 - LEAST)

    def _with_own(self, chances: Floats, customer: str | None) -> Floats:
        rows = [] if customer is None else self._rows.get(customer, [])
        if not rows or not np.isfinite(self.penalties.own):
            return chances
        prior = self.penalties.own
        own = self.on[rows].sum(axis=0)
        mixed: Floats = (prior * np.clip(chances, 0, 1) + own) / (prior + len(rows))
        return mixed

    @cached_property
    def _weight(self) -> Floats:
        """(N,) weights, 1 for the newest."""
        if not np.isfinite(self.penalties.half_life) or not len(self.on):
            return np.ones(len(self.on))
        age = (self.moments.max() - self.moments) / WEEK
        weight: Floats = 0.5 ** (age / self.penalties.half_life)
        return weight

    @cached_property
    def _mean(self) -> Floats:
        """(D,) weighted share of each option, one configuration of nothing known (half) added."""
        weight = self._weight
        mean: Floats = (weight @ self.on + 0.5) / (weight.sum() + 1)
        return mean

    @cached_property
    def _centred(self) -> Floats:
        """(N, D) deviations, times the root of the weights."""
        centred: Floats = (self.on - self._mean) * np.sqrt(self._weight)[:, None]
        return centred

    @cached_property
    def _profiled(self) -> Floats:
        """(N, P) profiles of the customers of past configurations, likewise."""
        profiles = self.profiles.of(self.customers)
        weighted: Floats = (profiles - profiles.mean(axis=0)) * np.sqrt(self._weight)[:, None]
        return weighted

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """The past configurations of each customer."""
        found: dict[str, list[int]] = {}
        for row, customer in enumerate(self.customers):
            if customer:
                found.setdefault(str(customer), []).append(row)
        return found
