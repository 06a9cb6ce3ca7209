"""The composition root: settings, then the engine, then the rooms. Nothing imports it; the server names it.

``plateapi.app:create_app`` is a factory: each worker calls it, and opens its own engine when it starts.
"""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import orjson
from fastapi import FastAPI

from plateapi import audit, drivers, logs, operators, payments, pricing
from plateapi.edge import errors, upkeep
from plateapi.edge.envelope import Envelope
from plateapi.edge.house import House
from plateapi.edge.room import Room
from plateapi.edge.shortcut import Shortcut, ShortcutApp, serve_hot
from plateapi.edge.surface import surface_room
from plateapi.edge.turnstile import Crowd, Turnstile
from plateapi.engine import Engine
from plateapi.identity import LocalIssuer, Pseudonyms, TokenVerifier, secret_key
from plateapi.payments.signature import SignedNotifications
from plateapi.services.note_refused_notification import RefusalNotes
from plateapi.services.payment_reference import ReferenceSeal
from plateapi.settings import Settings
from plateapi.web import routes as web

ROOMS: Final[Sequence[Room]] = (
    drivers.search_room,
    drivers.holds_room,
    operators.desk_room,
    operators.batch_room,
    pricing.tariff_room,
    pricing.draft_room,
    audit.room,
    payments.room,
    upkeep.room,
    web.room,
)


# Some hundred requests' worth, a few megabytes.
COLLECT_AFTER_OBJECTS: Final = 20_000


class SettingsRefused(Exception):
    """The profile does not start with these settings; each line says what is needed."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app of one worker. Raises :class:`SettingsRefused` before anything is opened."""
    settings = settings or Settings()
    refused = settings.refusals()
    if refused:
        raise SettingsRefused("\n".join(f"{r.setting}: {r.found}; needed: {r.needed}" for r in refused))
    logs.configure(settings.log_level)
    app = ShortcutApp(
        title="Plates",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Counts and logs are our own (metrics.py, logs.py); FastAPI would look for others' at every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan(settings),
    )
    envelope = partial(
        Envelope,
        body_max_bytes=settings.body_max_bytes,
        body_read_seconds=settings.body_read_seconds,
        access_log=settings.access_log,
    )
    app.add_middleware(envelope)
    errors.register(app)
    rooms = all_rooms(demo=settings.payment_stand_in)
    app.shortcut = Shortcut([hot for room in [*rooms, surface_room(rooms)] for hot in room.furnish(app)])
    app.short_way = envelope(serve_hot)
    crowd = Crowd(at_work_max=settings.requests_at_work_max)
    app.door = Turnstile(app.serve, crowd=crowd, access_log=settings.access_log)
    return app


def all_rooms(*, demo: bool) -> list[Room]:
    """The rooms in the order in which they are shown; the demo's stand-ins only where they may be."""
    return [*ROOMS, payments.stand_in_room] if demo else list(ROOMS)


def _lifespan(settings: Settings) -> Any:  # noqa: ANN401  # Starlette's own type of it is private
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = await Engine.open(settings)
        try:
            house = app.state.house = furnish_house(settings, engine)
            settle_memory()
            yield
            await house.refusal_notes.close()
        finally:
            await engine.close()

    return lifespan


def settle_memory() -> None:
    """What a worker has when it begins to serve stays: the collector need not look through it over and over.

    A request leaves next to nothing in cycles, so a collection every 700 objects is a third of the time of a
    batch and a tenth of a hold, for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 20)


def furnish_house(settings: Settings, engine: Engine) -> House:
    """Everything a route may use, with the keys that the settings name. Raises ``KeyRefused``."""
    demo = settings.profile == "demo"
    keys = settings.keys_dir
    pseudonyms = Pseudonyms(
        secret_key(settings.applicant_key_file, keys / "applicant.key", demo=demo), settings.applicant_key_id
    )
    tokens = TokenVerifier(
        _issuer_keys(settings),
        algorithm=settings.token_algorithm,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        pseudonyms=pseudonyms,
        lifetime_max_seconds=settings.token_lifetime_max_seconds,
        leeway_seconds=settings.token_leeway_seconds,
        cache_seconds=settings.token_cache_seconds,
        cache_entries=settings.token_cache_entries,
        length_max=settings.token_max_bytes,
    )
    reference_key = secret_key(settings.payment_reference_key_file, keys / "reference.key", demo=demo)
    payment_key = secret_key(settings.payment_key_file, keys / "payment.key", demo=demo)
    return House(
        settings=settings,
        engine=engine,
        tokens=tokens,
        pseudonyms=pseudonyms,
        seal=ReferenceSeal(reference_key),
        payment_side=SignedNotifications(
            settings.payment_provider, payment_key, settings.notification_window_seconds
        ),
        refusal_notes=RefusalNotes(engine),
    )


def _issuer_keys(settings: Settings) -> dict[str, Any]:
    if settings.token_jwks_file is None:
        return LocalIssuer(settings).public_keys()
    keys: dict[str, Any] = orjson.loads(settings.token_jwks_file.read_bytes())
    return keys
