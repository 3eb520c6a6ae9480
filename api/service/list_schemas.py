"""What lists look like: recommendations, why, and notes."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from api.service.schemas import Answer
from recsys.lists.reasons import Kind
from recsys.lists.recommendation import Fallback

MOST_K: Final = 100


class Reason(Answer):
    """One purchase or neighbour behind a recommendation."""

    kind: Kind = Field(
        description="The customer's own taking; a variant it goes with; another variant of the "
        "same style; a value of an attribute that the customer usually takes; customers alike; "
        "what everybody takes; hardly tried by anybody; promoted by a boost of the shop's; "
        "preferred by a bonus from outside; higher than without the plan's bonuses."
    )
    variant_id: str | None = Field(description="The variant that carried it, if one did.")
    title: str = Field(description="Its name for people; may be empty.")
    share: float = Field(
        description="Its part of all that spoke for the variant, 0 to 1; together 1 at most."
    )
    sentence: str = Field(examples=["You bought it twice, last on 3 November 2025."])
    attribute: str | None = Field(description="The attribute whose value carried it, if one did.")
    value: str | None = Field(description="That value.")


class Recommendation(Answer):
    """One variant, and why it stands where it stands."""

    rank: int = Field(description="From 1.")
    variant_id: str
    style_id: str
    title: str = Field(description="Its name for people; may be empty.")
    score: float = Field(
        description="Of its place: higher is better, comparable within this list only."
    )
    reasons: list[Reason] = Field(description="Why it stands here, the weightiest first.")


class Note(Answer):
    """What to know of a list as a whole."""

    code: str = Field(description="Stable; `empty.…` names the rule that left nothing to show.")
    text: str = Field(examples=["The rule 'max_price' left none of the 57 variants that remained."])


class Recommendations(Answer):
    """A ranked list; shorter than k where the rules leave fewer variants."""

    customer_id: str | None = Field(description="For whom; null for a basket or a variant.")
    model: str = Field(description="The model that made the list.", examples=["atelier"])
    model_id: str = Field(description="The saved version that made the list.")
    fallback: Fallback | None = Field(
        description="What stood in for the model where it knows nothing; else null."
    )
    as_of: str = Field(description="Up to when everything was known, the shop's local time.")
    recommendations: list[Recommendation]
    notes: list[Note] = Field(
        description="Why the list is empty; boosts that ended; ids that nobody knows."
    )
