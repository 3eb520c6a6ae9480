"""`atelier recommend`: what to show a customer, a visitor with a basket, or beside a variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, AsOfOption, JsonFlag, WorkspaceOption, moment

if TYPE_CHECKING:
    from datetime import date

    from api.lists import AskedRules
    from api.settings import Settings
    from data.workspace import Workspace
    from recsys.lists.recommendation import RecommendationList
    from recsys.lists.rules import Rules


def ids(given: list[str] | None) -> list[str] | None:
    """Refuse an empty id: it is nobody's, and most often a shell variable that is not set."""
    if given and not all(text.strip() for text in given):
        raise typer.BadParameter("An id is empty.")
    return given


def pairs(given: list[str] | None) -> list[str] | None:
    """Refuse what is not COLUMN=VALUE."""
    for text in given or ():
        column, _, value = text.partition("=")
        if not column or not value:
            raise typer.BadParameter(f"'{text}' is not COLUMN=VALUE, such as size=M.")
    return given


def collapsing(given: str | None) -> str | None:
    """Refuse what is neither of the two."""
    if given not in {None, "style", "none"}:
        raise typer.BadParameter(f"'{given}' is neither 'style' nor 'none'.")
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
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            metavar="STYLE",
            help="Only its variants, the likeliest first.",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the list.")] = 20,
    exclude_seen: Annotated[
        bool, typer.Option("--exclude-seen", help="Leave out what the customer has bought.")
    ] = False,
    collapse: Annotated[
        str | None,
        typer.Option(
            "--collapse",
            metavar="style|none",
            help="One variant of each style (the default), or any number.",
            callback=collapsing,
        ),
    ] = None,
    per_style: Annotated[
        int | None,
        typer.Option("--per-style", min=1, max=100, help="At most so many variants of a style."),
    ] = None,
    in_stock: Annotated[
        bool, typer.Option("--in-stock", help="Leave out what the table 'lots' has none of.")
    ] = False,
    region: Annotated[
        str | None,
        typer.Option("--region", help="Where it is shown: what is sold and popular there."),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="COLUMN=VALUE",
            help="Only what has it; repeat for more values or columns.",
            callback=pairs,
        ),
    ] = None,
    min_price: Annotated[
        float | None, typer.Option("--min-price", help="Least price; what has none is left out.")
    ] = None,
    max_price: Annotated[
        float | None, typer.Option("--max-price", help="Largest price; what has none is left out.")
    ] = None,
    plan_bonus: Annotated[
        float | None,
        typer.Option(
            "--plan-bonus",
            min=0,
            max=5,
            metavar="W",
            help="Weight of the latest plan's bonuses; 0 for none.",
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules", metavar="RULES.json", help="All rules in a file, boosts and bonus included."
        ),
    ] = None,
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
    if similar and exclude_seen:
        raise typer.BadParameter("--similar knows no customer: leave out --exclude-seen.")
    if style is not None:
        check_style(customers, others=exclude_seen or collapse is not None or per_style is not None)
    fields: dict[str, object] = {
        "collapse": collapse,
        "per_style": per_style,
        "in_stock": in_stock or None,
        "region": region,
        "min_price": min_price,
        "max_price": max_price,
        "attributes": attribute,
        "plan_bonus": plan_bonus,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    if rules is not None and given:
        raise typer.BadParameter("Give the rules in the file or as flags, not both.")

    from api.settings import load_settings
    from api.work import recommend_live, recommender_as_of
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace)
    named = [opened.pseudonyms().of(one) for one in customers or ()]
    wanted = laid_out(opened, settings, read(rules, given), as_of)
    with console.progress() as progress:
        model_id, recommender = recommender_as_of(
            opened, settings, moment(as_of), progress=progress
        )
    if similar:
        lists = [recommender.similar(similar, k, rules=wanted)]
    elif basket:
        lists = [recommender.recommend_basket(basket, k, rules=wanted)]
    elif as_of is None:
        lists = recommend_live(
            opened,
            settings,
            recommender,
            named,
            k,
            exclude_seen=exclude_seen,
            rules=wanted,
            style=style,
        )
    elif style is not None:
        lists = [recommender.recommend_style(one, style, k, rules=wanted) for one in named]
    else:
        lists = recommender.recommend_many(named, k, exclude_seen=exclude_seen, rules=wanted)
    told = under_ids(lists, customers or ())
    if as_json:
        console.answer({"model_id": model_id, "lists": [found.to_json() for found in told]})
        return
    show(told, what=similar or ", ".join(basket or ()))


def under_ids(
    lists: Sequence[RecommendationList], customers: Sequence[str]
) -> Sequence[RecommendationList]:
    """The lists of customers under the ids that they were asked by; others as they are."""
    if not customers:
        return lists
    return [replace(found, customer_id=one) for found, one in zip(lists, customers, strict=True)]


def check_style(customers: list[str] | None, *, others: bool) -> None:
    """Refuse what has no meaning beside --style.

    Args:
        customers: for whom.
        others: a flag is given that lists of a style do not know.
    """
    if not customers:
        raise typer.BadParameter("--style lists a style's variants for customers: name one.")
    if others:
        raise typer.BadParameter(
            "--style lists all variants of a style: leave out --exclude-seen, --collapse and "
            "--per-style."
        )


def read(file: Path | None, flags: dict[str, object]) -> AskedRules:
    """The rules of a file, or of flags.

    Raises:
        Malformed: the file is no JSON.
        Invalid: a rule is unknown or out of bounds.
    """
    from api.lists import asked_rules, by_attribute, rules_file

    if file is not None:
        return rules_file(file)
    texts = flags.pop("attributes", None)
    if isinstance(texts, list):
        flags["attributes"] = by_attribute(texts)
    return asked_rules(flags, where="the flags")


def laid_out(
    workspace: Workspace, settings: Settings, asked: AskedRules, as_of: date | None
) -> Rules:
    """The rules as the recommender takes them; boosts end by the day that is looked at.

    Raises:
        Invalid: two rules contradict each other, or the stock is not known.
        BadRules: a figure makes no sense.
    """
    from datetime import UTC, datetime

    from api.live import local_time
    from api.plan_bonus import bonus_as_of
    from api.stock import Stockroom

    today = as_of or local_time(datetime.now(UTC), settings.timezone).date()
    stock = Stockroom(workspace).stock() if asked.in_stock else None
    weight = settings.recommend.plan_bonus if asked.plan_bonus is None else asked.plan_bonus
    plan = bonus_as_of(workspace, moment(as_of)) if weight > 0 else None
    return asked.rules(stock=stock, today=today, plan=plan, plan_weight=weight)


def show(lists: Sequence[RecommendationList], *, what: str) -> None:
    """Each list as a table of its own, and what to know of it."""
    for found in lists:
        rows = [
            (one.rank, one.variant_id, one.title, one.score, one.reasons[0].sentence)
            for one in found.recommendations
        ]
        standing_in = {
            "popular": "what is popular (nothing else is known)",
            "popular_in_region": "what is popular in the region (nothing else is known)",
        }
        made_by = found.model if found.fallback is None else standing_in[found.fallback]
        console.show(
            f"For {found.customer_id or what}: {made_by}",
            ("rank", "variant", "title", "score", "because"),
            rows,
        )
        for note in found.notes:
            console.say(note.text)
