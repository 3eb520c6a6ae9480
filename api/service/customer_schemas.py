"""Answers on what is held on a customer."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.service.schemas import Answer


class Holdings(Answer):
    """All that is held on a customer."""

    customer_id: str
    pseudonym: str = Field(description="What the customer is called in all that is stored.")
    tables: dict[str, list[dict[str, Any]]] = Field(description="Imported rows, by table.")
    store: dict[str, list[dict[str, Any]]] = Field(
        description="Live events, orders and whatever else the store holds, by its tables."
    )
    group: dict[str, Any] | None = Field(description="The customer's group; null for none.")


class Erased(Answer):
    """What erasing a customer came to: zeros where nobody knew the customer."""

    unnamed: int = Field(description="Rows that stay as a guest's: order lines.")
    removed: int = Field(description="Rows that are gone.")
    models: int = Field(description="Saved models that were written anew without the customer.")
    others: int = Field(description="Customer groups and learned choices that named the customer.")
