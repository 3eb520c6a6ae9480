"""Answering: from histories to lists, through scores, rules, styles and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.nearest import hint
from recsys.catalogue import Catalogue
from recsys.errors import RecsysError
from recsys.folding import nobody_of
from recsys.interactions import Interactions
from recsys.lists.arranging import Arranged, Asked, Moves, arrange
from recsys.lists.compiled import Compiled, Shelf
from recsys.lists.explanation import explain, unspoken
from recsys.lists.reasons import (
    PLANNED,
    POPULAR,
    PREFERRED,
    PROMOTED,
    Reason,
    combined,
    popular_in,
    usual,
)
from recsys.lists.recommendation import Fallback, Note, Recommendation, RecommendationList
from recsys.lists.rules import Rules
from recsys.lists.variant_choice import VariantChoice
from recsys.model import Factorized, Model
from recsys.models.popularity import Popularity
from recsys.ranking import BATCH_CELLS, showable
from recsys.retrieval import Retrieval, Retriever

NO_PLAN: Final = Note(code="no.plan", text="There is no plan: the list is by score alone.")


class Answering:
    """Makes lists; safe to share between threads.

    Args:
        model: the fitted model.
        popularity: what is shown where the model finds nothing.
        interactions: all histories at the training.
        catalogue: names and dates of `interactions.variants`.
        retrieval: how the variants are searched for one customer; None for exactly.
    """

    def __init__(
        self,
        model: Model,
        popularity: Popularity,
        interactions: Interactions,
        catalogue: Catalogue,
        retrieval: Retrieval | None = None,
    ) -> None:
        self._model = model
        self._retrieval = retrieval
        self._popularity = popularity
        self._interactions = interactions
        self._catalogue = catalogue
        self.shelf = Shelf(catalogue)

    @cached_property
    def choice(self) -> VariantChoice:
        """What everybody takes of each style."""
        return VariantChoice.learn(self._interactions, self.shelf)

    @cached_property
    def _retriever(self) -> Retriever | None:
        """The index that was chosen at the training, built once; None for exact search."""
        if self._retrieval is None or self._retrieval.used.kind == "exact":
            return None
        assert isinstance(self._model, Factorized)  # noqa: S101  # no other is measured
        return Retriever.of(self._model.variant_vectors(), self._model.known, self._retrieval)

    def allowed(self, rules: Rules) -> NDArray[np.bool_]:
        """(V,) bool: what may be shown to nobody in particular, at the training's moment.

        Raises:
            BadRules: a rule names what the catalogue does not have.
        """
        return self._compiled(rules, self._interactions.as_of, rules.region or "").allowed

    def lists(self, histories: Interactions, asked: Asked) -> list[RecommendationList]:
        """A list for each customer, scored in batches of bounded memory.

        Raises:
            BadRules: a rule names what the catalogue does not have.
            RecsysError: a score is NaN or infinite.
        """
        if asked.rules.region is not None:
            given = np.full(histories.shape[0], asked.rules.region, dtype=object)
            histories = replace(histories, regions=given)
        found: dict[int, RecommendationList] = {}
        for region, rows in self._batches(histories):
            batch = histories.take(rows)
            found.update(zip(rows.tolist(), self._batch(batch, asked, region), strict=True))
        return [found[row] for row in range(histories.shape[0])]

    def like(
        self,
        scores: NDArray[np.float32],
        shown: NDArray[np.bool_],
        reason: Callable[[int], Reason],
        asked: Asked,
        *,
        fallback: Fallback | None,
    ) -> RecommendationList:
        """The list of one row of scores that no history stands behind.

        Args:
            scores: (V,) float32, finite.
            shown: (V,) bool, what may be shown, beside the rules.
            reason: the reason for a variant that earned a place.
            asked: what is asked.
            fallback: see `RecommendationList`.
        """
        nobody = nobody_of(self._interactions)
        compiled = self._compiled(asked.rules, nobody.as_of, asked.rules.region or "")
        shown = shown & compiled.allowed
        arranged, notes = self._arranged(nobody, scores[None], shown, compiled, asked)
        told = [(reason(earner),) for earner in arranged.places.variants.tolist()]
        reasons = self._reasons(arranged, told, asked)
        made_by = self._model.name if fallback is None else self._popularity.name
        return self._listed(
            arranged,
            0,
            reasons,
            RecommendationList(
                customer_id=None,
                model=made_by,
                fallback=fallback,
                as_of=nobody.as_of,
                recommendations=(),
                notes=(*compiled.notes, *notes),
            ),
            compiled.why_empty(seen=False),
        )

    def _batches(self, histories: Interactions) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Rows that are scored together, and their region where rules ask for it."""
        customers, variants = histories.shape
        size = max(1, BATCH_CELLS // max(variants, 1))
        regions = histories.regions if self.shelf.regional else np.full(customers, "", object)
        for region in dict.fromkeys(regions.tolist()):
            rows = np.flatnonzero(regions == region)
            for start in range(0, len(rows), size):
                yield region, rows[start : start + size]

    def _batch(
        self, histories: Interactions, asked: Asked, region: str
    ) -> Iterator[RecommendationList]:
        """The lists of customers of one region."""
        compiled = self._compiled(asked.rules, histories.as_of, region)
        shown = showable(histories, exclude_seen=asked.exclude_seen, allowed=compiled.allowed)
        assert shown is not None  # noqa: S101  # there is always a mask of what is on sale
        searched = self._searched(histories, asked, compiled, shown)
        if searched is None:
            scores, flat = self._scores(histories, asked)
        else:
            scores, shown, flat = *searched, np.zeros(1, dtype=bool)
        arranged, notes = self._arranged(histories, scores, shown, compiled, asked)
        told: list[tuple[Reason, ...]] = []
        for row in range(histories.shape[0]):
            here = slice(arranged.places.offsets[row], arranged.places.offsets[row + 1])
            told += (
                self._popular(str(histories.regions[row]), arranged.variants[here])
                if flat[row]
                else explain(
                    self._model,
                    histories.take(np.array([row])),
                    arranged.variants[here],
                    self._catalogue,
                    basket=asked.basket,
                    earners=arranged.places.variants[here],
                    popularity=self._popularity.popularity,
                )
            )
        reasons = self._reasons(arranged, told, asked)
        for row, customer_id in enumerate(histories.customers):
            empty = RecommendationList(
                customer_id=None if asked.basket else str(customer_id),
                model=self._popularity.name if flat[row] else self._model.name,
                fallback=self._fallback(str(histories.regions[row])) if flat[row] else None,
                as_of=histories.as_of,
                recommendations=(),
                notes=(*compiled.notes, *notes),
            )
            why = self._why_empty(compiled, asked)
            yield self._listed(arranged, row, reasons, empty, why)

    def _searched(
        self,
        histories: Interactions,
        asked: Asked,
        compiled: Compiled,
        shown: NDArray[np.bool_],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
        """(1, V) scores of the k best alone, and (1, V) which they are; None if all are looked at.

        An index answers one customer whose list nothing moves and no style shortens.
        """
        moved = compiled.boosts is not None or asked.rules.bonus is not None
        moved |= asked.rules.plan is not None and asked.rules.plan_weight > 0
        by_style = asked.style is not None or (
            asked.rules.per_style is not None and not self.shelf.groups.single
        )
        if asked.cold or moved or by_style or len(histories.customers) != 1 or not len(histories):
            return None
        if self._retriever is None or not isinstance(self._model, Factorized):
            return None
        user = self._model.vectors(histories)[0]
        ranked = self._retriever.best(user, asked.k, shown.reshape(-1))
        scores = np.zeros(histories.shape, dtype=np.float32)
        found = np.zeros(histories.shape, dtype=bool)
        scores[0, ranked.variants], found[0, ranked.variants] = ranked.scores, True
        return scores, found

    def _scores(
        self, histories: Interactions, asked: Asked
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(U, V) scores, and (U,) whether they are popularity, since the model finds nothing."""
        if asked.cold:
            return self._popularity.score(histories), np.ones(histories.shape[0], dtype=bool)
        scores = self._model.score(histories)
        low, high = scores.min(axis=1), scores.max(axis=1)
        if not (np.isfinite(low) & np.isfinite(high)).all():
            raise RecsysError(
                "A score of the model is NaN or infinite.",
                where=self._model.name,
                fix="Train the model anew.",
            )
        flat = (low == high) & (scores.shape[1] > 1)
        if flat.any():
            scores = scores.copy()  # it may be the model's own
            scores[flat] = self._popularity.score(histories.take(np.flatnonzero(flat)))
        return scores, flat

    def _arranged(
        self,
        histories: Interactions,
        scores: NDArray[np.float32],
        shown: NDArray[np.bool_],
        compiled: Compiled,
        asked: Asked,
    ) -> tuple[Arranged, tuple[Note, ...]]:
        """The places of each list, and notes on the bonus and the plan."""
        bonus, notes = self.shelf.outside(asked.rules)
        plan, weight = asked.rules.plan, asked.rules.plan_weight
        if weight > 0 and plan is None:
            notes = (*notes, NO_PLAN)
        if (region := asked.rules.region) and not self._popularity.knows(region):
            notes = (*notes, _unknown_region(region, self._popularity.regions))
        planned = None
        if weight > 0 and plan is not None:
            planned = np.float32(weight) * self.shelf.planned(plan)
        arranged = arrange(
            histories,
            scores,
            shown,
            asked=asked,
            moves=Moves(boosts=compiled.boosts, bonus=bonus, plan=planned),
            groups=self.shelf.groups,
            choice=lambda: self.choice,
        )
        return arranged, notes

    def _reasons(
        self, arranged: Arranged, told: Sequence[tuple[Reason, ...]], asked: Asked
    ) -> list[tuple[Reason, ...]]:
        """The reasons of the model beside those of the shop and of attributes."""
        picked = arranged.picked
        telling = (arranged.boost > 0) | (arranged.bonus > 0) | (arranged.plan > 0)
        if picked is not None:
            telling |= picked.usual >= 0
        reasons = list(told)
        for place in np.flatnonzero(telling).tolist():
            added = [
                (PROMOTED, float(arranged.boost[place])),
                (PREFERRED, float(arranged.bonus[place])),
                (PLANNED, float(arranged.plan[place])),
            ]
            if picked is not None and picked.usual[place] >= 0:
                column, value = self.choice.value(
                    int(picked.usual[place]), int(arranged.variants[place])
                )
                reason = usual(column, value, alone=asked.style is not None)
                added.append((reason, float(picked.gain[place])))
            reasons[place] = combined(told[place], float(arranged.base[place]), added)
        return reasons

    def _listed(
        self,
        arranged: Arranged,
        row: int,
        reasons: Sequence[tuple[Reason, ...]],
        empty: RecommendationList,
        why_empty: Note,
    ) -> RecommendationList:
        """One customer's list, filled in."""
        start, stop = arranged.places.offsets[row : row + 2].tolist()
        if start == stop:
            return replace(empty, notes=(why_empty, *empty.notes))
        catalogue = self._catalogue
        filled = tuple(
            Recommendation(
                rank=place - start + 1,
                variant_id=str(catalogue.variants[variant]),
                style_id=str(catalogue.styles[variant]),
                title=str(catalogue.titles[variant]),
                score=float(arranged.places.scores[place]),
                reasons=reasons[place],
            )
            for place, variant in enumerate(arranged.variants[start:stop].tolist(), start=start)
        )
        return replace(empty, recommendations=filled)

    def _compiled(self, rules: Rules, as_of: np.datetime64, region: str) -> Compiled:
        day = as_of.astype("datetime64[D]")
        return self.shelf.compiled(rules, day, region if self.shelf.regional else "")

    def _why_empty(self, compiled: Compiled, asked: Asked) -> Note:
        if asked.style is None or not compiled.allowed.any():
            return compiled.why_empty(seen=asked.exclude_seen)
        text = "No variant of the style is on sale that the rules let through."
        return Note(code="empty.style", text=text)

    def _fallback(self, region: str) -> Fallback:
        return "popular_in_region" if self._popularity.knows(region) else "popular"

    def _popular(self, region: str, variants: NDArray[np.int32]) -> list[tuple[Reason, ...]]:
        """The reason of each variant of a list that nothing stands behind but popularity."""
        reason = popular_in(region) if self._popularity.knows(region) else POPULAR
        popularity = self._popularity.popularity
        return [(unspoken(popularity, variant, reason),) for variant in variants.tolist()]


def _unknown_region(region: str, known: Sequence[str]) -> Note:
    text = f"No order came from the region '{region}': what is popular is that of all. "
    return Note(code="unknown.region", text=f"{text}{hint(region, known)}".rstrip())
