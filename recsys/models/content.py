"""Content: what collaborative weights would be, judged by attributes alone.

EASE learns what goes with what, but only of variants that somebody took. Here a ridge regression
learns what attributes say of those weights (the linear map from content to a collaborative model
of Gantner et al., "Learning Attribute-to-Feature Mappings for Cold-Start Recommendations", ICDM
2010): with A the attributes' features, in rows of unit length, K = A A' the likeness of variants
and B the weights of EASE over the variants that somebody took,

    M = (B + gamma I + beta 1 y') (K + lambda I)^-1 K,        score = X M.

Gamma says that a customer also takes what is like their own purchases; beta, that they also take
what everybody takes, y being the logarithm of a variant's decayed lines less its mean. All of it
stays linear in the history, each line carrying its part. Every variant is scored
from its attributes, also those that sold, so that one launched yesterday stands beside the others
on one scale, which is that of EASE, drawn towards 0 the less its attributes tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from recsys.attributes import AttributeShares, encode
from recsys.catalogue import Catalogue
from recsys.errors import TooManyVariants
from recsys.interactions import Interactions
from recsys.model import Model, Run, Search, Settings
from recsys.models.ease import Ease, EaseSettings

BYTES_A_CELL: Final = 40
"""Most that a fit holds for each pair of variants: four matrices of 8 bytes, two of 4."""


class ContentSettings(Settings):
    """Hyperparameters of the content model."""

    ease: EaseSettings = EaseSettings(recency_days=90.0, regularization=400.0)
    """The collaborative weights that attributes are to explain."""

    regularization: Annotated[PositiveFloat, Search(0.1, 30)] = 1.0
    """lambda: the more, the more a variant's weights are those of many a little like it."""

    likeness: Annotated[NonNegativeFloat, Search(0.01, 1)] = 0.1
    """gamma: what likeness to the customer's own purchases counts, beside the weights of EASE."""

    popularity: Annotated[NonNegativeFloat, Search(1e-4, 1e-2)] = 4e-4
    """beta: what a line says for what everybody takes, beside the weights of EASE."""

    popularity_days: PositiveFloat = 30.0
    """e-folding time of a line's weight in that popularity, in days."""

    shares: AttributeShares = AttributeShares()
    """What each kind of attribute counts in the likeness of two variants."""


class Content(Model):
    """Score: X M, the customer's recent lines through weights that attributes explain.

    A fit costs that of `Ease`, a Cholesky factor and a product of the same size; with 8 GB allowed
    it goes up to 14,142 variants. Scores cost what EASE's do.
    """

    name: ClassVar[str] = "content"
    cold: ClassVar[bool] = True
    settings: ContentSettings

    def __init__(self, settings: ContentSettings | None = None) -> None:
        self.settings = settings or ContentSettings()
        self._weights: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)  # (V, V)

    @classmethod
    def build(cls, settings: Mapping[str, object] | None = None) -> Self:
        """See `Model.build`."""
        return cls(ContentSettings.model_validate(settings or {}))

    def fit(self, interactions: Interactions, catalogue: Catalogue, run: Run) -> Self:
        """Fit EASE, then regress its weights on the attributes.

        Raises:
            TooManyVariants: the matrices would be larger than `ease.most_gigabytes`.
        """
        self._refuse_too_many(interactions.shape[1])
        ease = Ease(self.settings.ease).fit(interactions, catalogue, run)
        known = ease.known
        features = encode(catalogue, known=known, shares=self.settings.shares)
        taken = ease.state()["weights"][np.ix_(known, known)].astype(np.float64)  # (K, K)
        taken[np.diag_indices_from(taken)] += self.settings.likeness
        taken += self.settings.popularity * self._liking(interactions)[known]
        with threadpool_limits(run.threads or 1, user_api="blas"):
            smoother = _smoother(features, known, self.settings.regularization)  # (K, V)
            explained = taken @ smoother  # (K, V)
        self._weights = np.zeros(interactions.shape[1:] * 2, dtype=np.float32)
        self._weights[known] = explained
        return self

    def _refuse_too_many(self, variants: int) -> None:
        needed = variants * variants * BYTES_A_CELL / 1e9
        allowed = self.settings.ease.most_gigabytes
        if needed > allowed:
            raise TooManyVariants(
                f"The content model of {variants:,} variants needs matrices of {needed:.1f} GB, "
                f"and {allowed:g} GB are allowed.",
                where="content.ease.most_gigabytes",
                fix="Raise the limit if the memory is there, or use the model 'two_tower'.",
            )

    def _liking(self, interactions: Interactions) -> NDArray[np.float64]:
        """(V,) float64: y, how much more than the mean variant each is taken."""
        lines = interactions.recency(self.settings.popularity_days)
        counts = np.bincount(interactions.variant, weights=lines, minlength=interactions.shape[1])
        taken = np.bincount(interactions.variant, minlength=len(counts)) > 0
        logs = np.log1p(counts)
        liking: NDArray[np.float64] = logs - logs[taken].mean()
        return liking

    def score(self, histories: Interactions) -> NDArray[np.float32]:
        """X M."""
        recent = histories.recent(self.settings.ease.recency_days)
        return np.asarray(recent @ self._weights)

    def contributions(
        self, history: Interactions, variants: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The recency of what the customer took times its weight to the scored variant."""
        recent = history.recent(self.settings.ease.recency_days)  # (1, V)
        shares: NDArray[np.float32] = self._weights[np.ix_(recent.indices, variants)].T
        return shares * recent.data

    def similar(self, variant: int) -> NDArray[np.float32]:
        """What taking the variant adds to the others' scores; for one nobody took, the reverse."""
        row = self._weights[variant]
        likeness: NDArray[np.float32] = (row if row.any() else self._weights[:, variant]).copy()
        likeness[variant] = -np.inf
        return likeness

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """See `Model.state`."""
        return {"weights": self._weights}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """See `Model.restore`."""
        self._weights = state["weights"].astype(np.float32, copy=False)
        return self


def carried_over(
    first: NDArray[np.float32], content: NDArray[np.float32], known: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Scores of another model, with those of variants nobody took judged by attributes.

    For each customer the other model's scores are regressed on the content model's over the
    variants that somebody took, and the line is read at the others. Where content explains that
    customer's scores badly, the line is flat and what is new stands in the middle; it never comes
    first by a mere difference of scale.

    Args:
        first: (U, V) float32, scores that mean nothing outside `known`.
        content: (U, V) float32, scores from attributes, of the same customers and variants.
        known: (V,) bool, the variants that somebody took.

    Returns:
        (U, V) float32: `first` where known, else the line.

    >>> first = np.array([[2.0, 4.0, 6.0, -9.0]], dtype=np.float32)
    >>> content = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    >>> carried_over(first, content, np.array([True, True, True, False])).round(3)
    array([[2., 4., 6., 8.]], dtype=float32)
    """
    if known.all() or not known.any():
        return first.copy()
    mean, middle = first[:, known].mean(axis=1), content[:, known].mean(axis=1)  # (U,)
    apart = content[:, known] - middle[:, None]  # (U, K)
    spread = np.einsum("uk,uk->u", apart, apart)
    together = np.einsum("uk,uk->u", apart, first[:, known] - mean[:, None])
    slope = np.maximum(together, 0) / np.where(spread > 0, spread, 1)
    line = mean[:, None] + slope[:, None] * (content[:, ~known] - middle[:, None])
    scores = first.copy()
    scores[:, ~known] = line
    return scores


def _smoother(
    features: sparse.csr_matrix[np.float32], known: NDArray[np.bool_], regularization: float
) -> NDArray[np.float64]:
    """(K, V) float64: (K + lambda I)^-1 K, the ridge regression's weights of known variants."""
    taken = features[known].astype(np.float64)
    likeness = (taken @ features.T).toarray()  # (K, V)
    gram = likeness[:, known]
    gram[np.diag_indices_from(gram)] += regularization
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    smoother: NDArray[np.float64] = linalg.cho_solve(
        factor, likeness, overwrite_b=True, check_finite=False
    )
    return smoother
