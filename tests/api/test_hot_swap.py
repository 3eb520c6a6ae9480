"""Models are swapped under load: no request fails, and none mixes two versions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from api.service.engine import Engine
from api.settings import load_settings
from api.work import key_of, train_and_save
from recsys.saved.saving import current_model
from recsys.saved.versions import remove_models, use_model
from tests.api.client import Client

READERS = 3
SWAPS = 12


def test_requests_during_swaps_are_each_answered_by_one_whole_version(
    engine: Engine, client: Client
) -> None:
    workspace, root = engine.workspace, engine.workspace.root
    key = key_of(workspace, engine.settings)
    customers = [str(name) for name in engine.snapshot().recommender.interactions.customers[:4]]
    first = current_model(workspace)
    second, torn = (
        train_and_save(workspace, load_settings(root, model=model))[0]
        for model in ("popularity", "personal")
    )
    expected: dict[tuple[str, str], Any] = {}
    for version in (second, first):
        use_model(workspace, version, key)
        engine.refresh()
        for customer in customers:
            expected[str(version), customer] = listed(client, customer)
    over = threading.Event()

    def ask(reader: int) -> list[tuple[str, Any]]:
        answers: list[tuple[str, Any]] = []
        while not over.is_set() or not answers:
            customer = customers[(reader + len(answers)) % len(customers)]
            answers.append((customer, listed(client, customer)))
        return answers

    with ThreadPoolExecutor(READERS) as pool:
        asked = [pool.submit(ask, reader) for reader in range(READERS)]
        try:
            for swap in range(SWAPS):
                use_model(workspace, (first, second)[swap % 2], key)
                engine.refresh()
                point_at_a_torn_copy(root, torn, swap)
                engine.refresh()
            remove_models(workspace, [str(first)])
        finally:
            over.set()
        answers = [answer for one in asked for answer in one.result()]
    assert {answer["model_id"] for _, answer in answers} == {first, second}
    for customer, answer in answers:
        assert answer == expected[answer["model_id"], customer]


def listed(client: Client, customer: str) -> dict[str, Any]:
    """A customer's list as the service answers it."""
    response = client.get(f"/v1/customers/{customer}/recommendations", params={"k": 5})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def point_at_a_torn_copy(root: Path, model_id: str, swap: int) -> None:
    """Make a version current that is cut short; the one that serves must serve on."""
    models = root / "models"
    cut = models / model_id / "interactions.safetensors"
    cut.write_bytes(cut.read_bytes()[: -1 - swap])
    (models / "current").write_text(f"{model_id}\n{(models / 'current').read_text()}")
