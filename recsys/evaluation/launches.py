"""Launches: how well models rank, for each customer, variants that nobody could have bought yet.

At an origin, the variants that were first sold within the test window are added to the catalogue
with their attributes alone: title, style, price and columns, what a shop knows on the day of the
launch. Models with `cold = True` learn from the lines before the origin, and for each customer
known by then who bought some of the launched variants in the window, these alone are ranked
(`recsys.evaluation.launch_split` says what of the window is known to it).

Random order is the measure: it finds min(1, k / N) of whatever was bought among N launched
variants, so recall@k cannot reach three times that where N < 3 k. Lists are therefore judged at
several lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.workspace import Workspace
from recsys.errors import BadRequest
from recsys.evaluation.bootstrap import DRAWS, LEVEL, Interval, interval, resampled_known_means
from recsys.evaluation.bounds import MOST_K, MOST_TEST_DAYS, check_between
from recsys.evaluation.launch_split import Launches, launches_of
from recsys.evaluation.metrics import recall
from recsys.model import Model, Run
from recsys.models.attribute_popularity import AttributePopularity
from recsys.ranking import BATCH_CELLS, top
from recsys.registry import MODELS, build

REFERENCE: Final = AttributePopularity.name
"""The model that the others are compared to; it is always among them."""

SHORTER: Final = (5, 10)
"""Lengths judged beside the one asked for."""

ALL: Final = "all"
"""In place of an origin: the mean over origins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchFigures:
    """One model's recall at one length: a mean over customers, or over origins of such means.

    Attributes:
        model: the model's name.
        origin: the origin, or `ALL`.
        k: length of the list of launched variants.
        customers: how many bought a launched variant; over all origins, each as often as tested.
        recall: share of the launched variants that a customer bought, found in k.
        recall_interval: where it lies.
        random: what a random order finds.
        difference: recall less that of `REFERENCE`, over the same customers; None for itself.
        difference_interval: where it lies.
    """

    model: str
    origin: str
    k: int
    customers: int
    recall: float
    recall_interval: Interval
    random: float
    difference: float | None
    difference_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchEvaluation:
    """What an evaluation of launches found.

    Attributes:
        settings: how it was made, as JSON would hold it.
        origins: facts of each origin, as JSON would hold them.
        figures: one row an origin, model and length; then those of `ALL`.
    """

    settings: Mapping[str, object]
    origins: tuple[Mapping[str, object], ...]
    figures: tuple[LaunchFigures, ...]

    def to_json(self) -> dict[str, object]:
        """Ready for `json.dumps`."""
        return {
            "settings": dict(self.settings),
            "origins": [dict(facts) for facts in self.origins],
            "models": [_row(figures) for figures in self.figures],
        }


def evaluate_launches(
    workspace: Workspace,
    *,
    origins: Sequence[date] | None = None,
    test_days: int = 28,
    k: int = 20,
    models: Sequence[str] | None = None,
    run: Run = Run(),  # noqa: B008  # frozen
    progress: Progress = silent,
) -> LaunchEvaluation:
    """Rank what was launched in the days from each origin for the customers who then bought it.

    Args:
        workspace: where orders and variants lie.
        origins: days to test from; None for those of the last three at 28-day steps at which
            something was launched, the others being named in the settings.
        test_days: length of the test window.
        k: length of the lists; those of `SHORTER` are judged as well.
        models: names of models with `cold`; None for all of them.
        run: seed and threads.
        progress: is told of each model and origin.

    Raises:
        OutsideData: the orders do not reach around an origin; says which origins they allow.
        BadRequest: k or test_days out of bounds, or a model that does not score by attributes.
        UnknownModel: a model name that is not registered.
        WorkspaceError: there are no orders, or no variants, whose attributes are all there is.
        TooFewInteractions: nothing was launched, or no known customer bought it.
    """
    check_between("k", k, MOST_K)
    check_between("test_days", test_days, MOST_TEST_DAYS)
    names = _names(models)
    lengths = sorted({*(short for short in SHORTER if short < k), k})
    tested, without = launches_of(workspace, origins, test_days=test_days)
    found: list[NDArray[np.float64]] = []
    for split in tested:
        recalls = []
        for step, name in enumerate(names):
            progress(f"Evaluating launches at {split.origin}", step, len(names))
            recalls.append(recalls_of(build(name), split, lengths, run))
        found.append(np.stack(recalls, axis=1))  # (n, models, lengths)
    return LaunchEvaluation(
        settings={
            "test_days": test_days, "k": k, "seed": run.seed, "reference": REFERENCE,
            "interval": {"level": LEVEL, "draws": DRAWS, "over": "customers"},
            "origins_without_launches": without,
        },
        origins=tuple(_facts(split, k) for split in tested),
        figures=tuple(_figures(tested, found, names, lengths, run.seed)),
    )  # fmt: skip


def recalls_of(
    model: Model, split: Launches, lengths: Sequence[int], run: Run
) -> NDArray[np.float64]:
    """(n, lengths) float64: recall of each customer's list of launched variants.

    Args:
        model: not yet fitted.
        split: what to learn from, and for whom to rank what.
        lengths: of the lists, ascending.
        run: seed and threads.
    """
    model.fit(split.train, split.catalogue, run)
    batch = max(1, BATCH_CELLS // len(split.train.variants))
    items = split.bought.sum(axis=1)
    found = np.zeros((len(items), lengths[-1]), dtype=np.bool_)  # a hit at each rank
    for start in range(0, len(items), batch):
        histories = split.train.take(split.customers[start : start + batch])
        ranked = top(model.score(histories)[:, split.launched], lengths[-1])
        row = start + ranked.customer
        found[row, ranked.rank - 1] = split.bought[row, ranked.variants]
    return np.column_stack([recall(found[:, :length], items) for length in lengths])


def _names(asked: Sequence[str] | None) -> list[str]:
    """The models asked for, each once, and the reference."""
    names = [name for name in MODELS if MODELS[name].cold] if asked is None else asked
    for name in names:
        if not build(name).cold:
            fit = [each for each in MODELS if MODELS[each].cold]
            raise BadRequest(
                f"The model '{name}' puts what nobody has taken last, in no order.",
                where="models",
                fix=f"Those that score by attributes are {', '.join(fit)}.",
            )
    return list(dict.fromkeys([REFERENCE, *names]))


def _figures(
    tested: Sequence[Launches],
    found: Sequence[NDArray[np.float64]],
    names: Sequence[str],
    lengths: Sequence[int],
    seed: int,
) -> list[LaunchFigures]:
    """Rows of every origin, then of their mean; customers are drawn once for all of them."""
    people = [split.train.customers[split.customers] for split in tested]
    everyone = np.unique(np.concatenate(people))
    table = np.full((len(everyone), len(tested), len(names), len(lengths)), np.nan)
    for origin, (who, recalls) in enumerate(zip(people, found, strict=True)):
        table[np.searchsorted(everyone, who), origin] = recalls
    drawn = resampled_known_means(table.reshape(len(everyone), -1), seed=seed)
    draws = drawn.reshape(-1, *table.shape[1:])  # (draws, origins, models, lengths)
    means = np.stack([recalls.mean(axis=0) for recalls in found])  # (origins, models, lengths)
    chance = np.array([[split.random_recall(length) for length in lengths] for split in tested])
    sizes = [len(who) for who in people]
    labels = [split.origin for split in tested]
    if len(tested) > 1:  # and the mean over origins as one more
        labels.append(ALL)
        sizes.append(sum(sizes))
        means = np.concatenate((means, means.mean(axis=0, keepdims=True)))
        draws = np.concatenate((draws, draws.mean(axis=1, keepdims=True)), axis=1)
        chance = np.concatenate((chance, chance.mean(axis=0, keepdims=True)))
    return [
        row
        for at, label in enumerate(labels)
        for row in _side_by_side(
            names, lengths, label, sizes[at], means=means[at], draws=draws[:, at], chance=chance[at]
        )
    ]


def _side_by_side(
    names: Sequence[str],
    lengths: Sequence[int],
    origin: str,
    customers: int,
    *,
    means: NDArray[np.float64],
    draws: NDArray[np.float64],
    chance: NDArray[np.float64],
) -> list[LaunchFigures]:
    """One origin's rows, of (models, lengths) means, their draws and (lengths,) chance."""
    base = names.index(REFERENCE)
    gain, drawn = means - means[base], draws - draws[:, [base]]
    return [
        LaunchFigures(
            model=name,
            origin=origin,
            k=length,
            customers=customers,
            recall=float(means[model, place]),
            recall_interval=interval(draws[:, model, place]),
            random=float(chance[place]),
            difference=None if model == base else float(gain[model, place]),
            difference_interval=None if model == base else interval(drawn[:, model, place]),
        )
        for model, name in enumerate(names)
        for place, length in enumerate(lengths)
    ]


def _facts(split: Launches, k: int) -> dict[str, object]:
    return {
        "origin": split.origin,
        "training_lines": len(split.train),
        "launched": len(split.launched),
        "customers": len(split.customers),
        "test_items": int(split.bought.sum()),
        "customers_without_training": split.unknown_customers,
        "thrice_random_is_possible": bool(3 * split.random_recall(k) <= 1),
    }


def _row(figures: LaunchFigures) -> dict[str, object]:
    """One row of the JSON's `models`."""
    row: dict[str, object] = {
        "model": figures.model,
        "origin": figures.origin,
        "k": figures.k,
        "customers": figures.customers,
        "recall": figures.recall,
        "ci": [figures.recall_interval.low, figures.recall_interval.high],
        "random": figures.random,
        "over_random": figures.recall / figures.random,
    }
    if figures.difference_interval is not None:
        bounds = figures.difference_interval
        row["difference"] = {
            "reference": REFERENCE,
            "recall": figures.difference,
            "ci": [bounds.low, bounds.high],
        }
    return row
