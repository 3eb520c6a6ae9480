"""The `atelier` program: its commands, and what happens when one of them fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from api.cli.answer import answer
from api.cli.backup import backup, restore
from api.cli.choices import choices
from api.cli.configure import configure
from api.cli.console import complain
from api.cli.customers import people
from api.cli.dead_letters import dead_letters
from api.cli.demo import demo
from api.cli.doctor import doctor
from api.cli.evaluate import evaluate
from api.cli.evaluate_answers import answers
from api.cli.evaluate_choices import choices as evaluate_choices
from api.cli.evaluate_customers import customers
from api.cli.evaluate_experiment import experiment
from api.cli.evaluate_policy import policy
from api.cli.evaluate_shown import shown
from api.cli.forecast import forecast
from api.cli.groups import groups
from api.cli.import_files import import_files
from api.cli.keys import keys
from api.cli.launches import launches
from api.cli.listen import listen
from api.cli.mix import mix
from api.cli.models import models
from api.cli.orders import orders
from api.cli.plan import plan
from api.cli.plan_risk import plan_risk
from api.cli.recommend import recommend
from api.cli.report import report
from api.cli.serve import serve
from api.cli.simulate import simulate
from api.cli.train import train
from api.cli.tune import tune
from api.errors import OutputError
from data.errors import AtelierError

BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Set to one before numpy loads: on small matrices threads fight more than they help, and figures
then do not depend on the machine's cores. What gains by more takes the setting `threads`."""

app = typer.Typer(
    name="atelier",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its pages take as long to load as all the rest, and eat [brackets]
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (demo, simulate):
    app.command()(command)
app.command("import")(import_files)
for command in (train, tune):
    app.command()(command)
app.add_typer(models, name="models")
for command in (recommend, groups, forecast):
    app.command()(command)
plan.command("risk")(plan_risk)
app.add_typer(plan, name="plan")
app.command()(report)
evaluate.command("launches")(launches)
evaluate.command("mix")(mix)
evaluate.command("answers")(answers)
evaluate.command("customers")(customers)
evaluate.command("choices")(evaluate_choices)
evaluate.command("policy")(policy)
evaluate.command("experiment")(experiment)
evaluate.command("shown")(shown)
app.add_typer(evaluate, name="evaluate")
app.command()(answer)
app.command()(backup)
app.command()(restore)
app.command()(configure)
app.command()(choices)
app.add_typer(orders, name="orders")
app.add_typer(keys, name="keys")
app.add_typer(people, name="customers")
app.add_typer(dead_letters, name="dead-letters")
for command in (serve, listen, doctor):
    app.command()(command)


def _print_version(asked: bool) -> None:  # typer hands the flag's value over
    if asked:
        from importlib.metadata import version

        typer.echo(f"atelier {version('atelier')}")
        raise typer.Exit


@app.callback()
def atelier(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """From what customers want to what to make: learn, aggregate, allocate, recommend."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program.

    Exits with 0 (done), 1 (the data or the request is at fault), 2 (usage) or 130 (interrupted).

    Args:
        arguments: the command line without the program's name; None takes the process's own.
    """
    for variable in BLAS_THREADS:
        os.environ.setdefault(variable, "1")
    words = sys.argv[1:] if arguments is None else list(arguments)
    as_json = any(word == "--json" or word.startswith("--json=") for word in words)
    try:
        app(args=words, prog_name="atelier")
    except AtelierError as error:
        complain(error, as_json=as_json)
        sys.exit(1)
    except OSError as error:
        # The machine refused (disk full, no permission): no fault of the program's to trace.
        refusal = OutputError(
            f"The machine refused: {error.strerror or error}.",
            where=str(error.filename or ""),
            fix="Check the path, its permissions and the free space.",
        )
        complain(refusal, as_json=as_json)
        sys.exit(1)
