"""The ASGI application: routes, problems and middleware around one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import anyio
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig

from api.jobs.runner import Runner
from api.service.access import OPEN, Gate, role_of
from api.service.engine import Engine
from api.service.fast_lane import FastLane
from api.service.known_lists import KnownLists
from api.service.known_mixes import KnownMixes
from api.service.limits import BodyLimit
from api.service.memory import trim
from api.service.problems import Problem, install, responses
from api.service.request_log import RequestLog, crashed, say
from api.service.routes import ROUTERS
from api.service.routes.mix import MIXES
from api.service.routes.recommendations import PLAIN_LISTS
from data.errors import StoreError, WorkspaceError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SECONDS_BETWEEN_LOOKS = 2.0
LOOKS_BETWEEN_TRIMS = 30
NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False, "metrics": False, "logs": False, "auto_configure": False,
}  # fmt: skip
"""FastAPI's own spans and logs would hold paths, queries and the messages of exceptions."""

ABOUT = """Recommendations with reasons, live events, the variant mix and production plans.

Every error is `application/problem+json` with a stable `code`, what is wrong, where, and what to
do. Bodies are strict: no unknown field, no NaN, at most 1 MB."""


def create_app(engine: Engine, spans: TracerProvider | None = None) -> FastAPI:
    """The service of an engine; the engine's life is the caller's business.

    Args:
        engine: what is served.
        spans: where traces of requests go, until the service ends; None for none.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_watch(engine)), *_listening(engine)]
        runner = Runner(engine.workspace, engine.store.database)
        runner.start()
        engine.plain_log.start()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await anyio.to_thread.run_sync(runner.close)
        await anyio.to_thread.run_sync(engine.plain_log.close)
        if spans is not None:
            await anyio.to_thread.run_sync(spans.shutdown)
        engine.serving.close()

    app = FastAPI(
        title="Atelier",
        version=version("atelier"),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from the network
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.engine = engine
    install(app)
    for router in ROUTERS:
        app.include_router(router)
    known = (KnownLists(engine, PLAIN_LISTS), KnownMixes(engine.plans, engine.mixes, MIXES))
    app.add_middleware(FastLane, known=known)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        Gate, store=engine.store, sessions=engine.sessions, rate=engine.settings.rate_limit
    )
    if spans is not None:
        from api.service.tracing import Tracing  # noqa: PLC0415  # an extra

        app.add_middleware(Tracing, spans=spans)
    app.add_middleware(RequestLog)  # added last, so outermost
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _listening(engine: Engine) -> list[asyncio.Task[None]]:
    """The task that takes in a broker's events, where one is named."""
    if engine.settings.events_url is None:
        return []
    from api.broker.address import parse_address  # noqa: PLC0415  # a quarter of a second, seldom
    from api.broker.listening import listen  # noqa: PLC0415  # likewise

    address = parse_address(engine.settings.events_url.get_secret_value())
    return [asyncio.create_task(listen(address, engine))]


async def _watch(engine: Engine) -> None:
    """Take up a new current model while serving; the old one serves until the new one is whole.

    Also what else is due by the clock: lists made ahead, beliefs, retention, memory given back,
    old answers forgotten.
    """
    for look in count(1):
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            await anyio.to_thread.run_sync(engine.refresh)
            await anyio.to_thread.run_sync(engine.serving.look_for_lists)
            await anyio.to_thread.run_sync(engine.exploring.learn)
            await anyio.to_thread.run_sync(retain_daily, engine)
            await anyio.to_thread.run_sync(forget_daily, engine)
            if look % LOOKS_BETWEEN_TRIMS == 0:
                await anyio.to_thread.run_sync(trim)
        except Exception as error:  # the task's last wall: one bad look must not end all looking
            crashed(error, task="watch")


def retain_daily(engine: Engine) -> None:
    """Apply the limits of how long rows keep their customer, where that is due, and say so."""
    try:
        done = engine.retention.look()
    except WorkspaceError:  # an import is under way
        return
    if done is not None:
        counts = {name: one.unnamed + one.removed for name, one in done.changed.items()}
        say("customers retained", rows=counts, waiting=list(done.waiting))


def forget_daily(engine: Engine) -> None:
    """Forget the answers of old Idempotency-Keys, where that is due, and say how many."""
    try:
        forgotten = engine.forgetting.look()
    except StoreError:  # /readyz tells of it
        return
    if forgotten:
        say("answers forgotten", count=forgotten)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the problem's schema that the routes' responses refer to."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _say_roles(document)
        app.openapi_schema = document
    return app.openapi_schema


def _say_roles(document: dict[str, Any]) -> None:
    """What a caller without the right key is answered, beside each route that asks for one."""
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            if role_of(operation, "") != OPEN:
                operation["security"] = [{}, {"key": []}]
                for status, answer in responses(401, 403, 429).items():
                    operation["responses"][str(status)] = answer
