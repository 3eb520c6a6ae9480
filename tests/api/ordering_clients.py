"""A client that holds orders over HTTP, for `tests.data.ledger.clients`."""

from __future__ import annotations

import httpx

from data.errors import StoreError

STYLE = "plank"
OVER_HTTP = "tests.api.ordering_clients:open_http_client"

REFUSALS = {"production.no-promise", "data.out-of-capacity"}
"""What says that there is too little capacity."""


class HttpClient:
    """Orders planks of the service at an address; its threads share the connections."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=120)

    def hold(self, resource_id: str, quantity: int, key_: str) -> bool:  # of planks
        answer = self._client.post(
            "/v1/orders",
            json={"lines": [{"style_id": STYLE, "choices": [], "quantity": quantity}]},
            headers={"Idempotency-Key": key_},
        )
        if answer.status_code >= 500:
            raise StoreError(answer.text, where="", fix="")
        if answer.status_code == 201:
            return True
        assert answer.status_code == 409, answer.text
        assert answer.json()["code"] in REFUSALS, answer.text
        return False


def open_http_client(url: str) -> HttpClient:
    return HttpClient(url)
