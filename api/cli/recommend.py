"""`atelier recommend`: what to show a customer, a visitor with a basket, or beside a variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, AsOfOption, JsonFlag, WorkspaceOption, moment

if TYPE_CHECKING:
    from recsys.recommendation import RecommendationList


def ids(given: list[str] | None) -> list[str] | None:
    """Refuse an empty id: it is nobody's, and most often a shell variable that is not set."""
    if given and not all(text.strip() for text in given):
        raise typer.BadParameter("An id is empty.")
    return given


def recommend(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER", help="For whom.", callback=ids)
    ] = None,
    *,
    basket: Annotated[
        list[str] | None,
        typer.Option(
            "--basket",
            metavar="VARIANT",
            help="For a visitor with it; repeat for more.",
            callback=ids,
        ),
    ] = None,
    similar: Annotated[
        str | None, typer.Option("--similar", metavar="VARIANT", help="What is like this variant.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the list.")] = 20,
    exclude_seen: Annotated[
        bool, typer.Option("--exclude-seen", help="Leave out what the customer has bought.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Recommend variants, each with its reasons.

    Name customers, or --basket, or --similar. With --as-of a model is fitted for that day and
    not saved, and live events do not count.
    """
    if sum(bool(given) for given in (customers, basket, similar)) != 1:
        raise typer.BadParameter("Name one or more customers, or --basket, or --similar.")

    from api.settings import load_settings
    from api.work import recommend_live, recommender_as_of
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace)
    with console.progress() as progress:
        model_id, recommender = recommender_as_of(
            opened, settings, moment(as_of), progress=progress
        )
    if similar:
        lists = [recommender.similar(similar, k)]
    elif basket:
        lists = [recommender.recommend_basket(basket, k)]
    elif as_of is not None:
        lists = recommender.recommend_many(customers or [], k, exclude_seen=exclude_seen)
    else:
        lists = recommend_live(
            opened, settings, recommender, customers or [], k, exclude_seen=exclude_seen
        )
    if as_json:
        console.answer({"model_id": model_id, "lists": [found.to_json() for found in lists]})
        return
    show(lists, what=similar or ", ".join(basket or ()))


def show(lists: Sequence[RecommendationList], *, what: str) -> None:
    """Each list as a table of its own."""
    for found in lists:
        rows = [
            (one.rank, one.variant_id, one.title, one.score, one.reasons[0].sentence)
            for one in found.recommendations
        ]
        made_by = "what is popular (nothing else is known)" if found.fallback else found.model
        console.show(
            f"For {found.customer_id or what}: {made_by}",
            ("rank", "variant", "title", "score", "because"),
            rows,
        )
