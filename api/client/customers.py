"""What is held on a customer."""

from __future__ import annotations

from api.client.sending import Sender
from api.service.customer_schemas import Erased, Holdings


class CustomerCalls(Sender):
    """Telling and erasing."""

    def export_customer(self, customer_id: str) -> Holdings:
        """All that is held on a customer."""
        return self._ask(Holdings, "GET", "/v1/customers/{customer_id}", customer_id=customer_id)

    def erase_customer(self, customer_id: str) -> Erased:
        """Erase a customer; again changes nothing."""
        return self._ask(
            Erased, "DELETE", "/v1/customers/{customer_id}", customer_id=customer_id, again=True
        )
