"""Who orders again: the chance that each customer places an order within some days.

A logistic regression on recency, frequency, tenure, money and regularity, fitted at past moments
on what came in the days after them. Customers are pooled, so that a new one with a single order
has a chance too, as those had who once stood where they stand. Every label lies before the moment
that is asked for.

Logistic models of repeat purchase do as well as buy-till-you-die models on data of this kind
(Buckinx and Van den Poel, "Customer base analysis: partial defection of behaviourally loyal
clients", EJOR 2005), and their terms can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.errors import TooFewInteractions
from recsys.groups.purchases import DAY, Purchases, Rhythm, rhythm

MOMENTS: Final = 3
"""Past moments that are learned from at most, `STEP` days apart, the latest first."""

STEP: Final = 14
WARM_UP: Final = 56
"""Days of orders that the earliest moment must have seen."""

LEAST: Final = 20
"""Customers who came, and who did not, that a fit needs."""

PENALTY: Final = 1.0
"""Ridge on the standardised coefficients, in units of one customer's information."""

ROUNDS: Final = 25

TERMS: Final = (
    "recency", "recency squared", "purchases", "tenure", "last month", "last quarter", "last year",
    "once only", "overdue", "regular", "money", "purchases x recency",
)  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChances:
    """The chance of an order in the days after a moment, for each customer known by then.

    Attributes:
        as_of: the moment; nothing from it on was used.
        days: length of the time that the chance is for.
        customers: (C,) str, ids of the customers with a purchase before `as_of`, ascending.
        chance: (C,) probability of at least one purchase within `days`.
        rhythm: what the chances stand on, in the same order.
        weights: (TERMS,) log-odds for one standard deviation of each term.
        learned_from: (customer, moment) pairs that the weights were fitted on.
    """

    as_of: np.datetime64
    days: int
    customers: NDArray[np.object_]
    chance: Floats
    rhythm: Rhythm
    weights: Floats
    learned_from: int


def order_chances(purchases: Purchases, as_of: np.datetime64, *, days: int) -> OrderChances:
    """Fit on moments before `as_of` and predict the days after it; O(MOMENTS * purchases).

    Args:
        purchases: may reach beyond `as_of`: what lies there is not looked at.
        as_of: the moment, exclusive.
        days: length of the time that the chance is for, at least 1.

    Raises:
        TooFewInteractions: too few customers came back, or too few did not, before `as_of`.
    """
    as_of = as_of.astype("datetime64[D]")
    past = [_labelled(purchases, moment, days) for moment in _moments(purchases, as_of, days)]
    terms = np.vstack([found for found, _ in past]) if past else np.zeros((0, len(TERMS)))
    came = np.concatenate([label for _, label in past]) if past else np.zeros(0)
    if min(came.sum(), len(came) - came.sum()) < LEAST:
        raise TooFewInteractions(
            f"Fewer than {LEAST} customers ordered again, or did not, within {days} days before "
            f"{as_of}.",
            where="orders",
            fix="Import orders of more weeks, or ask for fewer days.",
        )
    center, scale = terms.mean(axis=0), terms.std(axis=0)
    scale[scale == 0] = 1.0
    weights = _logistic((terms - center) / scale, came)
    now = rhythm(purchases, as_of)
    chance = _sigmoid(_with_one((_terms(now) - center) / scale) @ weights)
    return OrderChances(
        as_of=as_of,
        days=days,
        customers=purchases.customers[now.place],
        chance=chance,
        rhythm=now,
        weights=weights[1:],
        learned_from=len(came),
    )


def _moments(purchases: Purchases, as_of: np.datetime64, days: int) -> list[np.datetime64]:
    """Moments whose `days` end by `as_of` and that saw WARM_UP days of orders, latest first."""
    if not len(purchases.day):
        return []
    earliest = np.datetime64(int(purchases.day.min()), "D") + WARM_UP * DAY
    moments = [as_of - (days + STEP * back) * DAY for back in range(MOMENTS)]
    return [moment for moment in moments if moment >= earliest]


def _labelled(purchases: Purchases, moment: np.datetime64, days: int) -> tuple[Floats, Floats]:
    """(C, TERMS) terms at a moment, (C,) 1 for those who ordered within the days after it."""
    then = rhythm(purchases, moment)
    came = purchases.within(moment, moment + days * DAY)[then.place]
    return _terms(then), came.astype(float)


def _terms(of: Rhythm) -> Floats:
    """(C, TERMS) what the regression sees, in the order of TERMS."""
    recency = np.log(of.recency)
    count = np.log(of.count)
    single = np.isnan(of.gap)
    usual = np.where(single, of.recency, np.maximum(np.nan_to_num(of.gap), 1.0))
    irregular = np.nan_to_num(of.spread / np.maximum(of.gap, 1.0), nan=1.0)
    return np.stack(
        [
            recency,
            recency**2,
            count,
            np.log(of.tenure),
            *np.log1p(of.rates).T,
            single.astype(float),
            np.log(of.recency / usual),
            np.where(single, 0.0, 1 / (1 + irregular)),
            np.log1p(of.money),
            count * recency,
        ],
        axis=1,
    )


def _with_one(terms: Floats) -> Floats:
    return np.hstack([np.ones((len(terms), 1)), terms])


def _sigmoid(logit: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(logit, -30, 30)))


def _logistic(terms: Floats, came: Floats) -> Floats:
    """(1 + K,) ridge logistic regression by Newton steps (McCullagh and Nelder 1989, ch. 4)."""
    X = _with_one(terms)
    ridge = np.diag(np.r_[0.0, np.full(terms.shape[1], PENALTY)])
    weights = np.zeros(X.shape[1])
    for _ in range(ROUNDS):
        chance = _sigmoid(X @ weights)
        gradient = X.T @ (came - chance) - ridge @ weights
        # a hair of curvature keeps the step finite where every chance is 0 or 1
        curvature = (X.T * np.maximum(chance * (1 - chance), 1e-9)) @ X + ridge
        step = np.linalg.solve(curvature, gradient)
        weights = weights + np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-10:
            break
    return weights
