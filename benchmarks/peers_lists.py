"""The lists of RecTools and LensKit; `benchmarks/peers.py` runs this in their own environment.

python peers_lists.py FOLDER K
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import TFIDFRecommender
from lenskit.als import ImplicitMFScorer
from lenskit.basic import AllTrainingItemsCandidateSelector, PopScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer
from lenskit.pipeline import RecPipelineBuilder
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import (
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitItemKNNWrapperModel,
    PopularModel,
)
from threadpoolctl import threadpool_limits

Told = tuple[str, bool, pd.DataFrame, float, float]
"""Model, whether bought variants were left out, lists, seconds of the fit, of the ranking."""


def rectools(
    train: pd.DataFrame, customers: list[str], variants: list[str], k: int
) -> Iterator[Told]:
    """RecTools' models."""
    frame = train.set_axis([Columns.User, Columns.Item, Columns.Datetime], axis=1)
    dataset = Dataset.construct(frame.assign(**{Columns.Weight: 1}))
    als = AlternatingLeastSquares(factors=64, random_state=0, num_threads=1)
    models = {
        "EASE": EASEModel(num_threads=1),
        "ALS": ImplicitALSWrapperModel(als),
        "item-kNN": ImplicitItemKNNWrapperModel(TFIDFRecommender(num_threads=1)),
        "popularity": PopularModel(),
    }
    for name, model in models.items():
        begun = perf_counter()
        model.fit(dataset)
        fitted = perf_counter() - begun
        for exclude_seen in (False, True):
            begun = perf_counter()
            lists = model.recommend(
                customers, dataset, k, filter_viewed=exclude_seen, items_to_recommend=variants
            )
            seconds = perf_counter() - begun
            lists = lists[[Columns.User, Columns.Item, Columns.Rank]]
            yield f"RecTools {name}", exclude_seen, lists, fitted, seconds


def lenskit(
    train: pd.DataFrame, customers: list[str], variants: list[str], k: int
) -> Iterator[Told]:
    """LensKit's models."""
    frame = train.set_axis(["user_id", "item_id", "timestamp"], axis=1)
    dataset = from_interactions_df(frame, class_name="order")
    scorers: dict[str, Callable[[], object]] = {
        "EASE": EASEScorer,
        "ALS": lambda: ImplicitMFScorer(embedding_size=64),
        "item-kNN": lambda: ItemKNNScorer(feedback="implicit"),
        "popularity": PopScorer,
    }
    shown = set(variants)
    for name, scorer in scorers.items():
        for exclude_seen in (False, True):
            builder = RecPipelineBuilder()
            builder.scorer(scorer())
            if not exclude_seen:
                builder.candidate_selector(AllTrainingItemsCandidateSelector())
            pipeline = builder.build()
            begun = perf_counter()
            pipeline.train(dataset)
            fitted = perf_counter() - begun
            begun = perf_counter()
            lists = recommend(pipeline, customers, n=k, n_jobs=1).to_df()
            seconds = perf_counter() - begun
            lists = lists[lists["item_id"].isin(shown)][["user_id", "item_id", "rank"]]
            yield f"LensKit {name}", exclude_seen, lists, fitted, seconds


def main() -> None:
    """Read what to learn from, write every model's lists."""
    folder, k = Path(sys.argv[1]), int(sys.argv[2])
    texts = {"customer": str, "variant": str}
    train = pd.read_csv(folder / "train.csv", dtype=texts, parse_dates=["at"])
    customers = pd.read_csv(folder / "customers.csv", dtype=texts)["customer"].tolist()
    variants = pd.read_csv(folder / "variants.csv", dtype=texts)["variant"].tolist()
    shown = sorted(set(variants) & set(train["variant"]))
    told = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries that are older than what they use
        for source in (rectools, lenskit):
            for model, exclude_seen, lists, fit, score in source(train, customers, shown, k):
                file = f"lists-{len(told)}.csv"
                lists.set_axis(["customer", "variant", "rank"], axis=1).to_csv(
                    folder / file, index=False
                )
                told.append(
                    {
                        "model": model,
                        "exclude_seen": exclude_seen,
                        "file": file,
                        "fit_seconds": fit,
                        "score_seconds": score,
                    }
                )
    (folder / "models.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
