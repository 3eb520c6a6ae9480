"""The log of served lists and the policy to be judged, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.errors import BadLog

LOG: Final = ("list_id", "position", "variant_id", "propensity", "reward")
"""Columns of a log, one row a place of a served list: which list; its place, from 1; what it
showed; the chance of that under the policy that served it; what it earned. `customer_id` may be
there too: lists of one customer are then not taken for independent."""

POLICY: Final = ("list_id", "position", "variant_id", "probability")
"""Columns of a policy: with which probability it shows a variant at a place of a logged list."""

_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Places of lists that show a variant.

    Attributes:
        of: (M,) int64, the list's code.
        position: (M,) int64, from 1.
        variant: (M,) int64, the variant's code.
    """

    of: NDArray[np.int64]
    position: NDArray[np.int64]
    variant: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.of)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A log and the policy that is judged by it, of L lists.

    Attributes:
        customer: (L,) int64, each list's customer.
        logged: M places that were shown.
        propensity: (M,) float64, above 0, at most 1: their chance under the logging policy.
        reward: (M,) float64, finite: what each earned.
        judged: T places of the policy.
        probability: (T,) float64, 0 to 1.
    """

    customer: NDArray[np.int64]
    logged: Places
    propensity: NDArray[np.float64]
    reward: NDArray[np.float64]
    judged: Places
    probability: NDArray[np.float64]

    @property
    def lists(self) -> int:
        """How many lists were served."""
        return len(self.customer)

    @property
    def weight(self) -> NDArray[np.float64]:
        """(M,) float64: the policy's probability of what was shown over its propensity."""
        keys = pd.MultiIndex.from_arrays(
            [self.judged.of, self.judged.position, self.judged.variant]
        )
        wanted = pd.MultiIndex.from_arrays(
            [self.logged.of, self.logged.position, self.logged.variant]
        )
        found = keys.get_indexer(wanted)
        return np.where(found >= 0, self.probability[found], 0.0) / self.propensity


def task_of(log: pd.DataFrame, policy: pd.DataFrame) -> Task:
    """Lay a log and a policy out.

    Args:
        log: columns `LOG`, and `customer_id` if there is one.
        policy: columns `POLICY`; it says something of every list of the log, and of no other.

    Raises:
        BadLog: a column is missing, a figure is out of bounds, a place is told twice, or log and
            policy are not of the same lists.
    """
    _check_columns(log, LOG, "log")
    _check_columns(policy, POLICY, "policy")
    if not len(log):
        raise BadLog("The log is empty.", where="log", fix="Serve lists with exploration first.")
    lists = pd.Index(log["list_id"].astype(str).unique()).sort_values()
    variants = pd.Index(
        pd.concat([log["variant_id"], policy["variant_id"]]).astype(str).unique()
    ).sort_values()
    logged = _places(log, lists, variants, "log")
    judged = _places(policy, lists, variants, "policy")
    _check_same_lists(judged, lists)
    _check_once(pd.DataFrame({"of": logged.of, "position": logged.position}), lists, "log")
    _check_once(
        pd.DataFrame({"of": judged.of, "position": judged.position, "variant": judged.variant}),
        lists,
        "policy",
    )
    probability = _figures(policy, "probability", "policy", low=0.0, high=1.0)
    _check_sums(judged, probability, lists)
    propensity = _figures(log, "propensity", "log", low=np.finfo(np.float64).tiny, high=1.0)
    return Task(
        customer=_customers(log, logged, len(lists)),
        logged=logged,
        propensity=propensity,
        reward=_figures(log, "reward", "log", low=-np.inf, high=np.inf),
        judged=judged,
        probability=probability,
    )


def _customers(log: pd.DataFrame, logged: Places, lists: int) -> NDArray[np.int64]:
    """(L,) each list's customer; without a column, each list has one of its own."""
    if "customer_id" not in log:
        return np.arange(lists)
    codes = pd.factorize(log["customer_id"].astype(str), sort=True)[0].astype(np.int64)
    found = np.empty(lists, dtype=np.int64)
    found[logged.of] = codes
    if (found[logged.of] != codes).any():
        raise BadLog(
            "A list has two customers.",
            where="log, column 'customer_id'",
            fix="Give every list an id of its own.",
        )
    return found


def _check_columns(frame: pd.DataFrame, names: Sequence[str], where: str) -> None:
    missing = [name for name in names if name not in frame]
    if missing:
        raise BadLog(
            f"There is no column '{missing[0]}'.",
            where=where,
            fix=f"Give the columns {', '.join(names)}.",
        )


def _places(frame: pd.DataFrame, lists: pd.Index, variants: pd.Index, where: str) -> Places:
    position = _figures(frame, "position", where, low=1, high=1e6)
    if (position % 1 != 0).any():
        raise BadLog(
            "A position is no whole number.",
            where=f"{where}, column 'position'",
            fix="Count the places of a list from 1.",
        )
    return Places(
        of=lists.get_indexer(pd.Index(frame["list_id"].astype(str))).astype(np.int64),
        position=position.astype(np.int64),
        variant=variants.get_indexer(pd.Index(frame["variant_id"].astype(str))).astype(np.int64),
    )


def _figures(
    frame: pd.DataFrame, name: str, where: str, *, low: float, high: float
) -> NDArray[np.float64]:
    """A column of finite numbers within bounds."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high)))
    if len(wrong):
        bounds = "a finite number" if np.isinf(high) else f"a number from {low:g} to {high:g}"
        raise BadLog(
            f"Row {int(wrong[0]) + 1} holds {str(frame[name].iloc[wrong[0]])[:40]!a}.",
            where=f"{where}, column '{name}'",
            fix=f"Each is {bounds}.",
        )
    return values


def _check_same_lists(judged: Places, lists: pd.Index) -> None:
    if (judged.of < 0).any():
        raise BadLog(
            "The policy tells of a list that the log does not hold.",
            where="policy, column 'list_id'",
            fix="Say what the policy would show in the logged lists, and in no other.",
        )
    told = np.zeros(len(lists), dtype=bool)
    told[judged.of] = True
    if not told.all():
        raise BadLog(
            f"The policy says nothing of list {str(lists[int(np.argmin(told))])[:40]!a}.",
            where="policy, column 'list_id'",
            fix="Say what it would show in every logged list, or leave the list out of the log.",
        )


def _check_once(keys: pd.DataFrame, lists: pd.Index, where: str) -> None:
    again = np.flatnonzero(keys.duplicated())
    if len(again):
        name = str(lists[keys["of"].iloc[again[0]]])
        raise BadLog(
            f"Row {int(again[0]) + 1} tells a place of list {name[:40]!a} again.",
            where=where,
            fix="Give each place once.",
        )


def _check_sums(judged: Places, probability: NDArray[np.float64], lists: pd.Index) -> None:
    frame = pd.DataFrame({"of": judged.of, "position": judged.position, "p": probability})
    sums = frame.groupby(["of", "position"])["p"].sum()
    over = sums[sums > 1 + _ROUNDING]
    if len(over):
        code, position = over.index[0]
        raise BadLog(
            f"The probabilities at place {position} of list {str(lists[code])[:40]!a} sum to "
            f"{over.iloc[0]:.4g}.",
            where="policy, column 'probability'",
            fix="A place shows one variant: they sum to 1 at most.",
        )
