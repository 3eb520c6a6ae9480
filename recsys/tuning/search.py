"""The search: settings are tried one after the other, each where the trials before it point.

The next settings come from a tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl,
"Algorithms for Hyper-Parameter Optimization", NeurIPS 2011) as the library `optuna` has it. Its
draws depend on the seed, the trial's number and the finished trials alone, so a search that was
cut off and goes on finds what one without a break finds. The first trial is the defaults, and
the best trial is chosen, the earlier one of two alike: to tune never gives worse figures than not
to, on what it was tuned on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from data.nearest import hint
from data.progress import Progress, silent
from recsys.errors import BadRequest, RecsysError, TooFewInteractions
from recsys.evaluation.bounds import MOST_K, check_between
from recsys.evaluation.evaluate import recommend
from recsys.evaluation.metrics import (
    capped_recall,
    contains,
    hit_matrix,
    hit_rate,
    ndcg,
    pair_keys,
    recall,
)
from recsys.evaluation.splits import Split
from recsys.model import Model, Run
from recsys.registry import build
from recsys.tuning.chosen import Tuned
from recsys.tuning.journal import Trial, open_journal
from recsys.tuning.space import Dimension, space_of, with_values
from recsys.tuning.splits import Ground

METRICS: Final[
    dict[str, Callable[[NDArray[np.bool_], NDArray[np.integer]], NDArray[np.float64]]]
] = {
    "ndcg": ndcg,
    "recall": recall,
    "capped_recall": capped_recall,
    "hit_rate": lambda hits, _: hit_rate(hits),
}
"""What a search can make as large as possible; the first is the default."""

MOST_TRIALS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is made as large as possible: mean over customers, then over the splits.

    Attributes:
        metric: one of `METRICS`.
        k: length of the lists.
        exclude_seen: leave out what a customer bought before; then only purchases of variants
            never bought before count.
    """

    metric: str = "ndcg"
    k: int = 20
    exclude_seen: bool = False

    def __str__(self) -> str:
        return f"{self.metric}@{self.k}"


def tune(
    model: str,
    ground: Ground,
    goal: Goal = Goal(),
    *,
    trials: int,
    run: Run = Run(),  # noqa: B008  # frozen
    journal: Path | None = None,
    restart: bool = False,
    progress: Progress = silent,
) -> Tuned:
    """Try settings until there are `trials` finished ones, those of the journal among them.

    Args:
        model: name of the model.
        ground: what to try them on.
        goal: what to make as large as possible.
        trials: how many in all, the defaults' among them.
        run: seed and threads, of the search and of every fit.
        journal: file that keeps the finished trials; None keeps none.
        restart: forget the trials that it holds.
        progress: is told of every split that is done.

    Returns:
        The best settings, of the searched fields alone.

    Raises:
        UnknownModel: no model has that name.
        BadRequest: the model has nothing to search, or a number or the metric makes no sense.
        JournalRefused: the journal is another search's, damaged or in use.
        RecsysError: the model cannot be fitted with its defaults.
    """
    _check(goal, trials)
    fresh = build(model)
    space = space_of(fresh.settings, timed=ground.timed)
    if not space:
        raise BadRequest(
            f"The model '{model}' has no setting that is searched here.",
            where="model",
            fix="Choose another model; this one is used as it is.",
        )
    search = {
        **ground.about,
        "atelier": version("atelier"),
        "model": model,
        **asdict(goal),
        "seed": run.seed,
        "space": {one.name: [one.search.low, one.search.high, one.search.log] for one in space},
        "defaults": fresh.settings.model_dump(mode="json"),
    }
    with open_journal(journal, search, restart=restart) as kept:
        while len(kept.trials) < trials:
            values = _proposed(space, kept.trials, run.seed)
            told = _teller(progress, model, goal, kept.trials, trials)
            kept.append(
                _known(values, kept.trials)
                or _tried(fresh, values, ground.splits, goal=goal, run=run, told=told)
            )
        finished = list(kept.trials)
    return _best(model, finished, search, goal)


def _check(goal: Goal, trials: int) -> None:
    if goal.metric not in METRICS:
        raise BadRequest(
            f"There is no metric '{goal.metric}'.",
            where="metric",
            fix=f"{hint(goal.metric, METRICS)}The metrics are {', '.join(METRICS)}.",
        )
    check_between("k", goal.k, MOST_K)
    check_between("trials", trials, MOST_TRIALS)


def _proposed(space: Sequence[Dimension], trials: Sequence[Trial], seed: int) -> dict[str, float]:
    """The next settings to try, by dotted name."""
    if not trials:
        return {one.name: one.default for one in space}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    drawn = np.random.SeedSequence((seed, len(trials))).generate_state(1)
    sampler = optuna.samplers.TPESampler(seed=int(drawn[0]), multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {one.name: _distribution(one) for one in space}
    for trial in trials:
        study.add_trial(
            create_trial(
                state=TrialState.FAIL if trial.figure is None else TrialState.COMPLETE,
                params=trial.parameters,
                distributions=distributions,
                value=trial.figure,
            )
        )
    asked = study.ask(distributions).params
    return {one.name: one.rounded(asked[one.name]) for one in space}


def _distribution(one: Dimension) -> BaseDistribution:
    search = one.search
    if one.whole:
        return IntDistribution(int(search.low), int(search.high), log=search.log)
    return FloatDistribution(search.low, search.high, log=search.log)


def _known(values: dict[str, float], trials: Sequence[Trial]) -> Trial | None:
    """An earlier trial of the very same settings: a fit is not repeated."""
    return next((trial for trial in trials if trial.parameters == values), None)


def _teller(
    progress: Progress, model: str, goal: Goal, done: Sequence[Trial], trials: int
) -> Callable[[float], None]:
    """What tells that a share of the trial after those done is finished, and the best so far."""
    best = max((trial.figure for trial in done if trial.figure is not None), default=None)
    stage = f"Tuning {model}" + ("" if best is None else f", best {goal} {best:.4f}")
    finished = len(done)
    return lambda share: progress(stage, round(100 * (finished + share)), 100 * trials)


def _tried(
    model: Model,
    values: dict[str, float],
    splits: Sequence[Split],
    *,
    goal: Goal,
    run: Run,
    told: Callable[[float], None],
) -> Trial:
    """Fit and judge settings on every split; a failure counts as a trial, but for the defaults."""
    settings = with_values(model.settings, values)
    figures: list[float] = []
    try:
        for split in splits:
            told(len(figures) / len(splits))
            figures.append(judge(build(model.name, settings), split, goal, run))
    except (RecsysError, np.linalg.LinAlgError) as error:
        if settings == model.settings.model_dump():
            raise
        return Trial(parameters=values, figure=None, figures=[], failed=error.args[0])
    told(1)
    return Trial(parameters=values, figure=float(np.mean(figures)), figures=figures)


def judge(model: Model, split: Split, goal: Goal, run: Run) -> float:
    """Fit a model on a split, and the goal's mean over its customers.

    Args:
        model: not yet fitted.
        split: what to learn from, and what is to be found.
        goal: what is measured.
        run: seed and threads.

    Raises:
        TooFewInteractions: no test purchase counts.
    """
    counted = ~split.seen if goal.exclude_seen else np.ones(len(split.row), dtype=np.bool_)
    customers = len(split.customers)
    items = np.bincount(split.row[counted], minlength=customers)
    inside = items > 0
    if not inside.any():
        raise TooFewInteractions(
            "No customer bought anything new in the test window.",
            where="" if split.origin is None else f"origin {split.origin}",
            fix="Choose another origin, or let what was seen count.",
        )
    lists = recommend(model, split, k=goal.k, exclude_seen=goal.exclude_seen, run=run)
    wanted = pair_keys(split.row[counted], split.item[counted], split.width)  # ascending
    found = contains(wanted, pair_keys(lists.row, lists.variant, split.width))
    hits = hit_matrix(lists.row, lists.rank, found, customers=customers, k=goal.k)
    return float(METRICS[goal.metric](hits[inside], items[inside]).mean())


def _best(model: str, trials: Sequence[Trial], search: dict[str, Any], goal: Goal) -> Tuned:
    """What is chosen: the best trial, the earliest of those alike."""
    figures = [-np.inf if trial.figure is None else trial.figure for trial in trials]
    best = int(np.argmax(figures))
    return Tuned(
        model=model,
        parameters=trials[best].parameters,
        defaults=trials[0].parameters,
        metric=str(goal),
        value=figures[best],
        default_value=figures[0],
        trials=len(trials),
        seed=search["seed"],
        exclude_seen=goal.exclude_seen,
        source=search["source"],
        data_digest=search["data_digest"],
        before=search.get("before"),
        origins=search.get("origins"),
    )
