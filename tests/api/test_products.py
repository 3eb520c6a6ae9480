"""Composing products over HTTP: the tree, where choices lead, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from fastapi import FastAPI

from api.choices import learn_and_save
from api.service.product_schemas import MOST_CHOICES
from api.settings import load_settings
from data.workspace import Workspace
from production.configuration.learned.saved import latest_choices_id
from production.configuration.product import Product
from production.configuration.products import FOLDER, add_products
from tests.api.client import Client
from tests.paths import ROOT

SHIRT = "/v1/products/SH001/configuration"
FILES = sorted((ROOT / "data" / "sample" / "products").iterdir())


@pytest.fixture
def workspace(workspace: Path) -> Path:
    add_products(Workspace.open(workspace), FILES)
    return workspace


def where(client: Client, *choices: str, url: str = SHIRT, **more: Any) -> dict[str, Any]:
    response = client.post(url, json={"choices": choices, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refused(response: httpx.Response, status: int, code: str, *words: str) -> None:
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["code"] == code
    for word in words:
        assert word in problem["detail"] + problem["where"] + problem["do"]


def test_products_are_listed_and_a_bad_one_says_why(client: Client, workspace: Path) -> None:
    (workspace / FOLDER / "TR009.uvl").write_text("features\n\tA\n\t\toptional\n")
    shirt, trousers = client.get("/v1/products").json()["products"]
    assert shirt == {
        "style_id": "SH001",
        "name": "Anise shirt",
        "options": 20,
        "currency": "EUR",
        "price": "79.00",
        "lead_time_days": 7,
        "refused": None,
    }
    assert trousers["name"] is None
    assert "TR009.uvl:3" in trousers["refused"]
    refused(client.get("/v1/products/TR009/configuration"), 503, "production.bad-model")


def test_a_workspace_without_products_has_an_empty_list(market: Path, app: FastAPI) -> None:
    assert not (market / FOLDER).exists()
    assert Client(app).get("/v1/products").status_code == 200


def test_the_tree_has_every_option_once_and_parents_first(client: Client) -> None:
    answer = client.get(SHIRT).json()
    names = [branch["name"] for branch in answer["tree"]]
    model = Product.read(FILES[-1]).model
    assert names == [feature.name for feature in model.features]
    assert answer["total"] == answer["options"] == len(names)
    for branch in answer["tree"][1:]:
        parent = answer["tree"][names.index(branch["parent"])]
        assert branch["name"] in [name for group in parent["groups"] for name in group["options"]]
        assert branch["depth"] == parent["depth"] + 1
    by_name = dict(zip(names, answer["tree"], strict=True))
    assert by_name["Size"]["groups"] == [{"least": 1, "most": 1, "options": ["S", "M", "L"]}]
    assert by_name["Size"]["state"] == "on"
    assert by_name["M"]["state"] == "open"
    assert by_name["letters"]["kind"] == "Integer"
    assert by_name["monogram"]["price"] == {
        "unit": "9.00",
        "once": "5.00",
        "each": "0",
        "lead_time_days": 3,
    }
    assert by_name["white"]["price"] is None


def test_the_tree_comes_in_pages_and_from_any_option_on(client: Client) -> None:
    whole = client.get(SHIRT).json()["tree"]
    paged: list[Any] = []
    while len(paged) < len(whole):
        page = client.get(SHIRT, params={"limit": 7, "offset": len(paged)}).json()
        assert page["total"] == len(whole)
        paged += page["tree"]
    assert paged == whole
    size = client.get(SHIRT, params={"option": "Size"}).json()["tree"]
    assert [branch["name"] for branch in size] == ["Size", "S", "M", "L"]
    top = client.get(SHIRT, params={"levels": 1}).json()["tree"]
    assert {branch["depth"] for branch in top} == {0, 1}
    misspelt = client.get(SHIRT, params={"option": "Sizes"})
    refused(misspelt, 422, "production.bad-choice", "Did you mean 'Size'?")


def test_choices_force_and_exclude_exactly_as_the_product_says(client: Client) -> None:
    product = Product.read(FILES[-1])
    for choices in ([], ["horn-buttons"], ["blue", "monogram"], ["letters=2", "!gift-box", "M"]):
        answer, state = (
            where(client, *choices, list_open=True),
            product.state(product.choices(choices)),
        )
        beginning = product.beginning.known
        assert answer["valid"]
        assert set(answer["forced_on"]) == state.known.on - beginning.on
        assert set(answer["forced_off"]) == state.known.off - beginning.off
        assert tuple(answer["open_options"]) == state.open
        assert answer["open"] == len(state.open)
    assert where(client)["open_options"] is None


def test_what_can_be_had_in_place_of_a_choice_is_told(client: Client) -> None:
    assert where(client)["instead"] == []
    answer = where(client, "blue", "M", "single-cuffs")
    assert answer["instead"] == ["white", "S", "L", "double-cuffs"]  # no rule binds their swaps
    answer = where(client, "single-cuffs", "horn-buttons", "plain-collar", "blue")
    assert "double-cuffs" in answer["forced_off"]
    assert answer["instead"] == ["white", "button-down"]
    for option in answer["instead"]:
        group = {"white": "blue", "button-down": "plain-collar"}[option]
        kept = [
            one for one in ("single-cuffs", "horn-buttons", "plain-collar", "blue") if one != group
        ]
        assert where(client, *kept, option)["valid"]


def test_what_must_still_be_chosen_shrinks_to_nothing(client: Client) -> None:
    def questions(*choices: str) -> list[str]:
        return [one["option"] for one in where(client, *choices)["to_choose"]]

    assert questions() == ["Colour", "Size", "Collar", "Cuffs"]
    assert questions("white", "M", "monogram") == ["Collar", "Cuffs", "letters"]
    chosen = ("white", "M", "monogram", "letters=2", "plain-collar", "single-cuffs")
    assert questions(*chosen) == []
    assert where(client, *chosen)["left_to_choose"] == 0


def test_the_price_is_itemised_exactly_and_adds_up(client: Client) -> None:
    answer = where(client, "monogram", "letters=3", "gift-box", quantity=10)
    price = answer["price"]
    assert price["currency"] == "EUR"
    assert [(item["what"], item["amount"]) for item in price["items"]] == [
        ("base", "790.00"),
        ("monogram", "90.00"),
        ("monogram (once)", "5.00"),
        ("letters x 3", "45.00"),
        ("gift-box", "45.00"),
        ("monogram on a boxed shirt", "-25.00"),
        ("quantity (from 10: 5 %)", "-47.50"),
    ]
    assert price["total"] == "902.50"
    assert answer["lead_time_days"] == 10


def test_a_conflict_names_the_fewest_choices_and_changes(client: Client) -> None:
    choices = ["M", "double-cuffs", "long-fit", "horn-buttons"]
    answer = where(client, *choices)
    assert not answer["valid"]
    assert answer["price"] is None
    conflict = answer["conflict"]
    assert conflict["choices"] == ["double-cuffs", "horn-buttons"]
    assert conflict["changes"] == [["double-cuffs"]]
    assert '!"horn-buttons"' in conflict["because"][0]["rule"]
    for change in conflict["changes"]:
        kept = [
            one for one in ("M", "double-cuffs", "long-fit", "horn-buttons") if one not in change
        ]
        assert where(client, *kept)["valid"]


def composed(many: int) -> pd.DataFrame:
    """Shirts of the past: two thirds of them blue, M and in a box."""
    rows = []
    for number in range(many):
        usual = number % 3 > 0
        options = ["blue", "M", "gift-box"] if usual else ["white", "SL"[number % 2]]
        rows += [
            {
                "configuration_id": f"C{number}",
                "order_id": None,
                "customer_id": f"{number % 7}",
                "style_id": "SH001",
                "quantity": 1,
                "ordered_at": pd.Timestamp("2024-01-01") + pd.Timedelta(days=number),
                "option": option,
                "value": None,
            }
            for option in (*options, "plain-collar", "single-cuffs")
        ]
    return pd.DataFrame(rows)


def test_likely_choices_can_be_made_and_need_no_restart(client: Client, workspace: Path) -> None:
    without = where(client, "blue")
    assert without["likely"] == []
    assert [note["code"] for note in without["notes"]] == ["no.choices"]
    opened = Workspace.open(workspace)
    opened.write({"configurations": composed(60)})
    learn_and_save(opened, load_settings(workspace))
    answer = where(client, "blue", likely=20)
    assert answer["notes"] == []
    assert {"M", "gift-box"} <= {one["choice"] for one in answer["likely"][:4]}
    chances = [one["probability"] for one in answer["likely"]]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) > 5
    for one in answer["likely"]:
        assert 0 <= one["probability"] <= 1
        assert where(client, "blue", one["choice"])["valid"]
    assert answer["likely"][:5] == where(client, "blue")["likely"]
    assert where(client, "blue", likely=0)["likely"] == []
    (
        workspace / "choices" / str(latest_choices_id(Workspace.open(workspace))) / "choices.npz"
    ).unlink()
    assert len(where(client, "blue")["likely"]) == 5  # what is held stays


def test_a_product_without_prices_is_guided_all_the_same(client: Client, workspace: Path) -> None:
    (workspace / FOLDER / "SH001.toml").unlink()
    answer = where(client, "blue")
    assert answer["forced_off"] == ["white", "contrast-collar"]
    assert answer["price"] is None
    assert answer["lead_time_days"] is None


def test_a_changed_model_counts_from_the_next_request_on(client: Client, workspace: Path) -> None:
    assert where(client, "blue")["forced_off"] == ["white", "contrast-collar"]
    path = workspace / FOLDER / "SH001.uvl"
    path.write_text(path.read_text().replace('"contrast-collar" => !blue\n', ""))
    assert where(client, "blue")["forced_off"] == ["white"]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["horn-button"], ["There is no option", "Did you mean 'horn-buttons'?"]),
        (["!nothing"], ["There is no option 'nothing'"]),
        (["blue", "!blue"], ["contradict"]),
        (["letters=2", "letters=3"], ["contradict"]),
        (["letters=two"], ["no number"]),
        (["letters=2.5"], ["whole numbers"]),
        (["letters=" + "9" * 400], ["no number"]),
        (["blue=3"], ["takes no value"]),
        (["\x00"], ["There is no option"]),
    ],
)
def test_choices_that_nobody_can_make_are_refused(
    client: Client, choices: list[str], words: list[str]
) -> None:
    refused(client.post(SHIRT, json={"choices": choices}), 422, "production.bad-choice", *words)


@pytest.mark.parametrize("letters", ["0", "5", "-1", "999999999999999"])
def test_a_number_out_of_range_is_a_conflict_with_what_could_be(
    client: Client, letters: str
) -> None:
    answer = where(client, "white", f"letters={letters}")
    assert answer["conflict"]["choices"] == [f"letters={letters}"]
    assert answer["conflict"]["changes"] == [[f"letters={letters}"]]
    tree = {branch["name"]: branch for branch in client.get(SHIRT).json()["tree"]}
    assert tree["letters"]["values"] == ["from 1 to 4"]
    assert where(client, "letters=2")["values"] == {"letters": ["2"]}
    assert where(client, "!monogram")["values"] == {"letters": []}


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 10**9, 1.5, True, "3", None])
def test_a_quantity_that_nobody_can_order_is_refused(client: Client, quantity: object) -> None:
    refused(client.post(SHIRT, json={"quantity": quantity}), 422, "api.invalid", "body.quantity")


def test_an_unknown_style_names_the_nearest(client: Client) -> None:
    for method in ("GET", "POST"):
        response = client.request(
            method, "/v1/products/SH01/configuration", json={} if method == "POST" else None
        )
        refused(response, 404, "production.unknown-product", "Did you mean 'SH001'?")
    for style in ("..%2f..%2fatelier", "%2e%2e", "SH001.uvl", "sh001%00", "*"):
        assert client.get(f"/v1/products/{style}/configuration").status_code in {404, 422}


def test_too_many_choices_are_refused_before_they_are_looked_at(client: Client) -> None:
    refused(client.post(SHIRT, json={"choices": ["M"] * 10**6}), 413, "api.too-large")
    refused(client.post(SHIRT, json={"choices": ["M"] * (MOST_CHOICES + 1)}), 422, "api.invalid")
    assert where(client, *["M"] * MOST_CHOICES)["valid"]
    refused(client.post(SHIRT, json={"choices": ["x" * 2_000]}), 422, "api.invalid")


def many_pairs(pairs: int) -> str:
    """A model of so many pairs of options that exclude each other, besides 600 free ones."""
    lines = ["features", "\tP", "\t\toptional"]
    lines += [f"\t\t\t{side}{at}" for at in range(pairs) for side in "ab"]
    lines += [f"\t\t\tf{at}" for at in range(600)]
    lines += ["constraints", *(f"\ta{at} => !b{at}" for at in range(pairs))]
    return "\n".join(lines) + "\n"


def test_of_many_choices_a_conflict_goes_up_to_the_first_that_cannot_be_had(
    client: Client, workspace: Path
) -> None:
    (workspace / FOLDER / "P.uvl").write_text(many_pairs(200))
    both = [f"{side}{at}" for at in range(200) for side in "ab"]
    answer = where(client, *both, url="/v1/products/P/configuration")
    assert answer["conflict"]["choices"] == ["a0", "b0"]
    assert answer["conflict"]["looked_at"] == 2
    tree = client.get("/v1/products/P/configuration").json()
    assert (len(tree["tree"]), tree["total"]) == (500, 1001)


def test_the_page_holds_nothing_of_the_workspace_and_allows_nothing_else(client: Client) -> None:
    response = client.get("/configure/SH001")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    other = client.get("/configure/nothing").text
    assert other == response.text.replace("SH001", "nothing")
    strange = client.get("/configure/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").text
    assert "<script>alert" not in strange
    assert json.dumps("Anise") not in response.text
