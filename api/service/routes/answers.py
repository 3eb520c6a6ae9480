"""Answers for customer service."""

from __future__ import annotations

from fastapi import APIRouter

from api.service.access import may
from api.service.answer_schemas import AnswerRequest, FoundAnswers
from api.service.engine import TheEngine
from api.service.limits import StrictRoute
from api.service.problems import responses

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["customer service"])


@router.post(
    "/answers",
    summary="Which entries of the knowledge table answer a question",
    openapi_extra=may("shop"),
    responses=responses(400, 413, 415, 422, 503),
)
def find_answers(request: AnswerRequest, engine: TheEngine) -> FoundAnswers:
    """The likeliest first; entries about what the customer ordered come before others as likely.

    A question that nothing answers gets none, and a note. The question is not kept or logged.
    """
    return FoundAnswers.model_validate(engine.answer(request))
