"""The recommender: a trained model, its customers' histories and the catalogue, ready to answer.

It is never changed once made: events of a minute ago come in as further lines of a request, along
the very path that the order lines of the training took, so a retrained recommender and one that
folds the same lines in differ only by what was learned from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.errors import OutsideData
from data.progress import Progress, silent
from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.behaviour import preference_lines
from recsys.catalogue import Catalogue
from recsys.errors import TooFewInteractions, UnknownVariant
from recsys.explanation import POPULAR, Reason, explain
from recsys.folding import history_of
from recsys.interactions import DAY, Interactions
from recsys.model import Model, Run
from recsys.models.popularity import Popularity
from recsys.ranking import Ranked, rank, top
from recsys.recommendation import Recommendation, RecommendationList
from recsys.registry import DEFAULT, build

MOST_DAYS_AHEAD = 7
"""Days that `as_of` may lie after the last order's day: a week's start after a quiet weekend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """Answers who should be shown what, and why.

    Attributes:
        model: the fitted model.
        popularity: what is shown to those nobody knows.
        interactions: all histories up to `interactions.as_of`.
        catalogue: names and dates of `interactions.variants`.
        data_digest: digest of the workspace's tables that it was trained on.
    """

    model: Model
    popularity: Popularity
    interactions: Interactions
    catalogue: Catalogue
    data_digest: str

    def recommend(
        self,
        customer_id: str,
        k: int,
        *,
        exclude_seen: bool = False,
        extra: pd.DataFrame | None = None,
        as_of: np.datetime64 | None = None,
    ) -> RecommendationList:
        """The best k variants for a customer; the popular ones, so labelled, for one nobody knows.

        Args:
            customer_id: who.
            k: how many at most, 1 or more.
            exclude_seen: leave out what the customer has bought.
            extra: lines since the training, see `recsys.folding.history_of`.
            as_of: the moment of the request, see `recsys.folding.history_of`.

        Raises:
            BadRequest: k is below 1, or `as_of` lies before the training's.
        """
        moment, history = history_of(self.interactions, customer_id, extra, as_of)
        if history is None:
            return self._popular(k, moment, customer_id)
        return self._answer(history, k, exclude_seen=exclude_seen)[0]

    def recommend_many(
        self, customer_ids: Sequence[str], k: int, *, exclude_seen: bool = False
    ) -> list[RecommendationList]:
        """What `recommend` answers for each of many customers, scored in batches.

        Raises:
            BadRequest: k is below 1.
        """
        wanted = pd.Index(self.interactions.customers).get_indexer(pd.Index(customer_ids))
        known = np.unique(wanted[wanted >= 0])
        lists = self._answer(self.interactions.take(known), k, exclude_seen=exclude_seen)
        place = {int(position): row for row, position in enumerate(known)}
        return [
            lists[place[int(position)]]
            if position >= 0
            else self._popular(k, self.interactions.as_of, customer_id)
            for customer_id, position in zip(customer_ids, wanted, strict=True)
        ]

    def recommend_basket(
        self, variant_ids: Sequence[str], k: int, *, exclude_seen: bool = True
    ) -> RecommendationList:
        """The best k variants for a visitor nobody knows, from what lies in the basket.

        Args:
            variant_ids: the basket; an empty one is answered with what is popular.
            k: how many at most, 1 or more.
            exclude_seen: leave out what lies in the basket.

        Raises:
            UnknownVariant: nobody knows a variant of the basket.
            BadRequest: k is below 1.
        """
        positions = np.unique([self._position(variant_id) for variant_id in variant_ids])
        if not len(positions):
            return self._popular(k, self.interactions.as_of)
        ones = np.ones(len(positions))
        basket = Interactions.from_arrays(
            customers=np.array([""], dtype=object),
            variants=self.interactions.variants,
            customer=np.zeros(len(positions), dtype=np.int32),
            variant=positions,
            age=np.zeros(len(positions)),
            quantity=ones,
            weight=ones,
            as_of=self.interactions.as_of,
        )
        return self._answer(basket, k, exclude_seen=exclude_seen, known=False)[0]

    def similar(self, variant_id: str, k: int) -> RecommendationList:
        """The k variants on sale most like one; if none is known to be, its style's, then popular.

        Raises:
            UnknownVariant: nobody knows the variant.
            BadRequest: k is below 1.
        """
        position = self._position(variant_id)
        as_of = self.interactions.as_of
        others = self.catalogue.on_sale(as_of)
        others[position] = False
        likeness = self.model.similar(position)
        likeness[position] = 0
        alike = others & (likeness > 0)
        if alike.any():
            ranked = top(likeness[None], k, alike)
            sentence = f"Customers who buy {self.catalogue.label(position)} buy it too."
            reason = Reason(
                kind="together",
                variant_id=variant_id,
                title=self.catalogue.label(position),
                share=1.0,
                sentence=sentence,
            )
            reasons = [(reason,)] * len(ranked.variants)
            return self._listed(ranked, 0, reasons, as_of=as_of)
        siblings = self.catalogue.styles == self.catalogue.styles[position]
        popularity = self.popularity.popularity
        scores = siblings + popularity / (popularity.max() + 1)
        ranked = top(scores.astype(np.float32)[None], k, others)
        sibling = Reason(
            kind="style",
            variant_id=variant_id,
            title=self.catalogue.label(position),
            share=1.0,
            sentence=f"It is of the same style as {self.catalogue.label(position)}.",
        )
        reasons = [(sibling,) if siblings[variant] else (POPULAR,) for variant in ranked.variants]
        return self._listed(ranked, 0, reasons, as_of=as_of, fallback=True)

    def _position(self, variant_id: str) -> int:
        position = self.catalogue.position(variant_id)
        if position is None:
            raise UnknownVariant(
                f"Nobody knows a variant '{variant_id}'.",
                where="variant_id",
                fix="Use an id of the catalogue; leading zeros and capitals count.",
            )
        return position

    def _answer(
        self, histories: Interactions, k: int, *, exclude_seen: bool, known: bool = True
    ) -> list[RecommendationList]:
        on_sale = self.catalogue.on_sale(histories.as_of)
        ranked = rank(self.model, histories, k, exclude_seen=exclude_seen, allowed=on_sale)
        lists = []
        for row, customer_id in enumerate(histories.customers):
            history = histories.take(np.array([row]))
            told = explain(self.model, history, ranked.of(row)[0], self.catalogue, basket=not known)
            shown = str(customer_id) if known else None
            lists.append(self._listed(ranked, row, told, as_of=histories.as_of, customer_id=shown))
        return lists

    def _popular(
        self, k: int, as_of: np.datetime64, customer_id: str | None = None
    ) -> RecommendationList:
        ranked = top(self.popularity.popularity[None], k, self.catalogue.on_sale(as_of))
        reasons = [(POPULAR,)] * len(ranked.variants)
        return self._listed(ranked, 0, reasons, as_of=as_of, customer_id=customer_id, fallback=True)

    def _listed(
        self,
        ranked: Ranked,
        row: int,
        reasons: Sequence[tuple[Reason, ...]],
        *,
        as_of: np.datetime64,
        customer_id: str | None = None,
        fallback: bool = False,
    ) -> RecommendationList:
        variants, scores = ranked.of(row)
        return RecommendationList(
            customer_id=customer_id,
            model=self.popularity.name if fallback else self.model.name,
            fallback="popular" if fallback else None,
            as_of=as_of,
            recommendations=tuple(
                Recommendation(
                    rank=place,
                    variant_id=str(self.catalogue.variants[variant]),
                    style_id=str(self.catalogue.styles[variant]),
                    title=str(self.catalogue.titles[variant]),
                    score=float(score),
                    reasons=why,
                )
                for place, (variant, score, why) in enumerate(
                    zip(variants, scores, reasons, strict=True), start=1
                )
            ),
        )


def train(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    model: str = DEFAULT,
    settings: Mapping[str, object] | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> Recommender:
    """Learn from all order lines and events before a moment.

    Args:
        workspace: where the orders and the catalogue lie.
        as_of: the moment up to which everything is known, exclusive; without it, the midnight
            after the last order.
        model: name of the model.
        settings: its hyperparameters; those left out have their defaults.
        run: seed and threads.
        progress: told of the steps.

    Raises:
        WorkspaceError: there are no orders.
        OutsideData: `as_of` is not after the first order, or well after the last.
        TooFewInteractions: no line of a known customer lies before `as_of`.
        UnknownModel: no model has that name.
        BadSettings: a setting does not exist or is out of bounds.
    """
    fitted, run = build(model, settings), run or Run()
    progress(f"Training {model}", 0, 3)
    orders = workspace.read(ORDERS)
    moment = _moment(orders, as_of)
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    lines = preference_lines(orders, events)
    past = lines[lines["ordered_at"] < moment]
    table = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    known = set(past["variant_id"])
    if table is not None:
        table = _without_later(table, set(lines["variant_id"]) - known)
    catalogue = Catalogue.of(known, table)
    interactions = Interactions.from_lines(past, as_of=moment, variants=catalogue.variants.tolist())
    progress(f"Training {model}", 1, 3)
    fitted.fit(interactions, catalogue, run)
    popularity = Popularity().fit(interactions, catalogue, run)
    progress(f"Training {model}", 2, 3)
    digest = workspace.digest()
    progress(f"Training {model}", 3, 3)
    return Recommender(
        model=fitted,
        popularity=popularity,
        interactions=interactions,
        catalogue=catalogue,
        data_digest=digest,
    )


def _without_later(table: pd.DataFrame, later: set[str]) -> pd.DataFrame:
    """The catalogue without what no date introduces and orders first name after the training."""
    undated = table["introduced_at"].isna() if "introduced_at" in table else True
    return table[~(table["variant_id"].isin(later) & undated)]


def _moment(orders: pd.DataFrame, as_of: np.datetime64 | None) -> np.datetime64:
    """The moment to learn up to, checked against the orders."""
    first, last = orders["ordered_at"].min(), orders["ordered_at"].max()
    if pd.isna(last):
        raise TooFewInteractions("There are no orders.", fix="Import some.")
    end: np.datetime64 = last.to_datetime64().astype("datetime64[D]") + DAY
    if as_of is None:
        as_of = end
    if not first.to_datetime64() < as_of <= end + MOST_DAYS_AHEAD * DAY:
        raise OutsideData(
            f"The orders reach from {first:%Y-%m-%d} to {last:%Y-%m-%d}, "
            f"and {as_of.astype('datetime64[D]')} is outside.",
            where="as_of",
            fix=f"Choose a date after {first:%Y-%m-%d} and up to {end}.",
        )
    moment: np.datetime64 = as_of.astype("datetime64[us]")
    return moment
