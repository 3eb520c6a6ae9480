"""`atelier configure`: what choices leave possible, why some cannot be had, what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from production.configuration.audit import Audit
    from production.configuration.configuration import Configuration
    from production.configuration.learned.learned import LearnedChoices, LikelyChoice
    from production.configuration.pricing import Known, Price
    from production.configuration.product import Product, State

NAMES_SHOWN: Final = 20
MOST_DIGITS: Final = 4_000
"""Digits of a number that is written out; JSON readers take no more."""


def configure(
    model: Annotated[Path, typer.Argument(metavar="MODEL.uvl", help="The model of the product.")],
    *,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            "--choose",
            metavar="CHOICE",
            help="An option on (NAME), off (!NAME), or with a number or text (NAME=VALUE); may be "
            "repeated.",
        ),
    ] = None,
    options: Annotated[
        Path | None,
        typer.Option(
            "--options",
            metavar="FILE.toml",
            help="Prices, usage, materials and days by option.  [default: MODEL.toml beside it]",
        ),
    ] = None,
    quantity: Annotated[int, typer.Option("--quantity", help="Units to price.")] = 1,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Settle what is open: off, where nothing asks for it."),
    ] = False,
    likely: Annotated[
        bool,
        typer.Option("--likely", help="List the likely choices among the open ones."),
    ] = False,
    complete_likely: Annotated[
        bool,
        typer.Option(
            "--complete-likely", help="Settle what is open as customers most likely want it."
        ),
    ] = False,
    customer: Annotated[
        str | None,
        typer.Option("--customer", help="Who chooses, for --likely and --complete-likely."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Audit the model: void, core, dead, number of configurations."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """What choices force, rule out and leave open, and what they cost."""
    if check and (choose or complete or likely or complete_likely):
        raise typer.BadParameter("An audit takes no choices.", param_hint="--check")
    from production.configuration.pricing import check_quantity
    from production.configuration.product import Product

    check_quantity(quantity)
    with console.progress() as progress:
        progress("Reading the model", 0, 1)
        product = Product.read(model, options)
        if check:
            progress("Auditing", 0, 1)
            judged = _audited(product)
    if check:
        _show_audit(product, judged, as_json=as_json)
        return
    choices = product.choices(choose or ())
    state = product.state(choices)
    whole = product.complete(choices) if complete and state.valid else None
    found: Sequence[LikelyChoice] | None = None
    if (likely or complete_likely) and state.valid:
        learned = _learned(workspace, model, product)
        if customer is not None:
            customer = _pseudonym(workspace, customer)
        found = learned.likely(choices, customer) if likely else None
        whole = learned.completion(choices, customer) if complete_likely else whole
    told: Known | Configuration = state.known if whole is None else whole
    price = days = None
    if product.options is not None and state.valid:
        price, days = product.price(told, quantity), product.lead_time_days(told)
    answer = _answer(state, price, days)
    if whole is not None:
        answer |= _whole(product, whole, quantity)
    if found is not None:
        answer["likely"] = [{"choice": one.choice, "probability": one.probability} for one in found]
    if as_json:
        console.answer(answer)
    else:
        _show(product, state, price, days, answer)


def _pseudonym(folder: Path, customer_id: str) -> str:
    from data.workspace import Workspace

    return Workspace.open(folder).pseudonyms().of(customer_id)


def _learned(folder: Path, model: Path, product: Product) -> LearnedChoices:
    """What was learned of the product that the model's file is named after."""
    from api.choices import learned_choices
    from api.errors import NotReady
    from api.settings import load_settings
    from data.workspace import Workspace

    found = learned_choices(Workspace.open(folder), load_settings(folder), {model.stem: product})
    if model.stem not in found:
        raise NotReady(
            f"No choices of '{model.stem}' were learned.",
            where=str(folder),
            fix="Learn them with 'atelier choices'; a model's file is named after its style.",
        )
    return found[model.stem]


def _answer(state: State, price: Price | None, days: int | None) -> dict[str, Any]:
    """The state for a program."""
    from api.configurations import conflict_json, price_json

    answer: dict[str, Any] = {
        "valid": state.valid,
        "forced_on": state.forced_on,
        "forced_off": state.forced_off,
        "open": state.open,
        "conflict": None,
        "price": None,
        "lead_time_days": days,
    }
    if state.clash is not None:
        answer["conflict"] = conflict_json(state.clash)
    if price is not None:
        answer["price"] = price_json(price)
    if state.values:
        answer["values"] = state.values
    return answer


def _whole(product: Product, whole: Configuration, quantity: int) -> dict[str, Any]:
    """A whole configuration for a program, and what it takes."""
    places = product.model.place
    found: dict[str, Any] = {
        "configuration": {
            "selected": sorted(whole.selected, key=places.__getitem__),
            "values": {name: str(value) for name, value in whole.values.items()},
            "instances": dict(whole.instances),
        }
    }
    if product.options is not None:
        found["usage"] = product.usage_of(whole, quantity)
        found["materials"] = product.materials_of(whole, quantity)
    return found


def _audited(product: Product) -> Audit:
    from production.configuration.audit import audit

    return audit(product.guide)


def _show_audit(product: Product, judged: Audit, *, as_json: bool) -> None:
    from production.configuration.solving.counting import decimal_logarithm

    count = judged.configurations
    logarithm = decimal_logarithm(count) if count else None
    small = count is not None and (logarithm or 0) < MOST_DIGITS
    if as_json:
        console.answer(
            {
                "features": len(product.model.features),
                "constraints": len(product.model.constraints),
                "void": judged.void,
                "core": judged.core,
                "dead": judged.dead,
                "false_optional": judged.false_optional,
                "configurations": count if small else None,
                "configurations_log10": logarithm,
            }
        )
        return
    console.show(
        f"{product.model.name}: {len(product.model.features):,} features, "
        f"{len(product.model.constraints):,} constraints",
        ("what", "how many", "which"),
        [
            ("core", len(judged.core), _listed(judged.core)),
            ("dead", len(judged.dead), _listed(judged.dead)),
            ("false optional", len(judged.false_optional), _listed(judged.false_optional)),
        ],
    )
    if judged.void:
        console.say("Void: no configuration keeps its rules.", style="bold red")
    elif count is None or logarithm is None:
        console.say("Configurations: not counted, it would take too long.")
    else:
        about = f"{count:,}" if count < 10**15 else f"about 10^{logarithm:.2f}"
        console.say(f"Configurations: {about}.")


def _show(
    product: Product,
    state: State,
    price: Price | None,
    days: int | None,
    answer: dict[str, Any],
) -> None:
    """The state for a person."""
    if state.clash is not None:
        _show_clash(product, state)
        return
    console.show(
        f"{product.model.name}: these choices can be had",
        ("options", "how many", "which"),
        [
            ("on", len(state.forced_on), _listed(state.forced_on)),
            ("off", len(state.forced_off), _listed(state.forced_off)),
            ("open", len(state.open), _listed(state.open)),
        ],
    )
    for name, left in state.values.items():
        console.say(f"{name}: {_listed(left)}")
    if "configuration" in answer:
        console.say(f"Completed: {_listed(answer['configuration']['selected'])}")
    if answer.get("likely"):
        console.show(
            "Likely",
            ("choice", "chance"),
            [(one["choice"], f"{one['probability']:.0%}") for one in answer["likely"]],
        )
    if price is not None:
        console.show(
            f"Price of {price.quantity:,} in {price.currency}",
            ("item", "a unit", "amount"),
            [
                (item.what, "" if item.unit is None else f"{item.unit:f}", f"{item.amount:f}")
                for item in price.items
            ],
            caption=f"Total {price.total:f} {price.currency}"
            + ("" if "configuration" in answer else ", of what is certain")
            + (f"; numbers still open: {_listed(price.numbers_open)}" if price.numbers_open else "")
            + f". Lead time {days} days.",
        )
    for what in ("usage", "materials"):
        if answer.get(what):
            console.show(
                what.capitalize(),
                ("what", "amount"),
                [(name, f"{amount:f}") for name, amount in answer[what].items()],
            )


def _show_clash(product: Product, state: State) -> None:
    if state.clash is None:
        return
    if product.guide.void:
        console.say("The model is void: nothing can be had.", style="bold red")
    else:
        console.say(f"Cannot be had together: {_listed(state.clash.choices)}", style="bold red")
    for line, rule in state.clash.because:
        console.say(f"  {product.model.name}:{line}: {rule}")
    if not state.clash.changes:
        return
    console.show(
        "The smallest changes that help",
        ("withdraw", "how many"),
        [(_listed(change), len(change)) for change in state.clash.changes],
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} … and {more:,} more" if more > 0 else shown
