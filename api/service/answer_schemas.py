"""What is asked of the knowledge table, and what is found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.answers import MOST_ANSWERS, MOST_LETTERS
from api.service.list_schemas import Note
from api.service.schemas import Answer, Id, Request, example

Question = Annotated[
    str,
    Field(min_length=1, max_length=MOST_LETTERS, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"),
]
"""A few lines of text."""


class AnswerRequest(Request):
    """A question, and whose it is."""

    model_config = example(question="How do I wash a wool jumper?", customer_id="10242", k=3)

    question: Question = Field(description="In the customer's words, at most 500 letters.")
    customer_id: Id | None = Field(
        default=None, description="Whose orders count; null for nobody's."
    )
    k: int = Field(default=3, ge=1, le=MOST_ANSWERS, description="Entries at most.")
    language: Id | None = Field(
        default=None, description="Only entries of it, such as en; null for all.", examples=["en"]
    )


class FoundAnswer(Answer):
    """One entry that may answer."""

    rank: int = Field(description="From 1.")
    answer_id: str
    question: str = Field(description="As it stands in the table.")
    answer: str
    style_id: str | None = Field(description="The style that it is about.")
    language: str | None
    score: float = Field(description="0 to 1.1: how well it fits, the customer's styles included.")
    own: bool = Field(description="Whether the customer ordered its style.")


class FoundAnswers(Answer):
    """The likeliest entries, best first; none where nothing answers."""

    answers: list[FoundAnswer]
    notes: list[Note] = Field(description="Why there is none.")
