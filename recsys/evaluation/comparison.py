"""Models side by side: figures by slice, with intervals and paired differences to a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from recsys.evaluation.accuracy import SLICES, Measured, measure
from recsys.evaluation.bootstrap import Interval
from recsys.evaluation.lists import Lists
from recsys.evaluation.paired import Difference, Means
from recsys.evaluation.splits import Split
from recsys.registry import DEFAULT

_UNTOLD = " without region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model's figures on one slice: means over its customers, then over the origins.

    Attributes:
        model: the model's name.
        origins: the origins, each of which weighs the same; one but in a summary.
        slice: one of `accuracy.SLICES`.
        customers: how many have a test purchase in the slice, at every origin counted anew.
        test_items: how many such purchases there are.
        recall: hits over test items.
        ndcg: with log2 discount and the ideal of min(k, test items).
        hit_rate: share of customers with a hit.
        precision: hits over k.
        capped_recall: hits over min(k, test items).
        coverage: distinct variants in the slice's customers' lists, over the catalogue.
        fit_seconds: time that learning took.
        score_seconds: time that scoring and ranking all customers took.
        intervals: where the means lie, by name: recall, ndcg, hit_rate, precision, capped_recall.
        difference: to the reference; None on the reference's own row, and where it is alone.
    """

    model: str
    origins: tuple[str | None, ...]
    slice: str
    customers: int
    test_items: int
    recall: float
    ndcg: float
    hit_rate: float
    precision: float
    capped_recall: float
    coverage: float
    fit_seconds: float
    score_seconds: float
    intervals: Mapping[str, Interval]
    difference: Difference | None

    @property
    def origin(self) -> str | None:
        """The last of the origins."""
        return self.origins[-1]

    @property
    def recall_interval(self) -> Interval:
        """Where the mean recall lies."""
        return self.intervals["recall"]

    @property
    def ndcg_interval(self) -> Interval:
        """Where the mean NDCG lies."""
        return self.intervals["ndcg"]


def compare(
    split: Split,
    lists: Mapping[str, Lists],
    *,
    k: int,
    seed: int,
    reference: str | None = None,
) -> list[Figures]:
    """Figures of every model on every slice of known customers.

    Args:
        split: the test purchases.
        lists: by model name, each model's recommendations to the split's customers.
        k: length of a full list.
        seed: of the bootstrap and the test; all models share its draws.
        reference: the model that others are compared to; None for the best but the default, by
            NDCG in each slice.
    """
    return figures_of([measure(split, lists, k=k)], seed=seed, reference=reference)


def figures_of(
    origins: Sequence[Sequence[Measured]], *, seed: int, reference: str | None = None
) -> list[Figures]:
    """Figures of every model on every slice, over the origins together.

    Args:
        origins: at each origin, its slices; a slice counts over the origins that have it.
        seed: of the bootstrap and the test; all models share its draws.
        reference: as in `compare`.
    """
    slices: dict[str, list[Measured]] = {}
    for origin in origins:
        for each in origin:
            slices.setdefault(each.slice, []).append(each)
    rows: list[Figures] = []
    for name in filter(slices.__contains__, SLICES):
        measured = slices[name]
        if not set.intersection(*(set(each.values) for each in measured)):
            continue  # no model has lists for it at every origin
        means = Means.of(measured, seed=seed)
        differences: Mapping[str, Difference] = {}
        if name == "unknown":
            differences = _to_themselves_untold(measured, slices["regionless"], seed=seed)
        elif name != "regionless":
            differences = _to_reference(means, reference)
        rows += [_figures(model, measured, means, differences.get(model)) for model in means.models]
    return rows


def _figures(
    model: str, measured: Sequence[Measured], means: Means, difference: Difference | None
) -> Figures:
    return Figures(
        model=model,
        origins=tuple(each.origin for each in measured),
        slice=measured[0].slice,
        customers=sum(len(each.customers) for each in measured),
        test_items=sum(each.test_items for each in measured),
        **means.figures(model),
        coverage=fmean(each.coverage[model] for each in measured),
        fit_seconds=fmean(each.seconds[model][0] for each in measured),
        score_seconds=fmean(each.seconds[model][1] for each in measured),
        intervals=means.intervals(model),
        difference=difference,
    )


def _to_reference(means: Means, reference: str | None) -> dict[str, Difference]:
    """By model, its difference to the reference; nothing where the reference is not there."""
    chosen = means.best_but(DEFAULT) if reference is None else reference
    return means.differences(chosen) if chosen in means.models else {}


def _to_themselves_untold(
    told: Sequence[Measured], untold: Sequence[Measured], *, seed: int
) -> dict[str, Difference]:
    """By model, what being told the region brings over not being told it."""
    both = [
        replace(
            known,
            values={
                **known.values,
                **{f"{model}{_UNTOLD}": values for model, values in blind.values.items()},
            },
        )
        for known, blind in zip(told, untold, strict=True)
    ]
    means = Means.of(both, seed=seed)
    return {
        model: means.differences(f"{model}{_UNTOLD}")[model]
        for model in means.models
        if not model.endswith(_UNTOLD)
    }
