"""Tariffs into the pools: every revision with its moment, long before its hour.

The pools switch by themselves at the hour, on the store's time; the keeper only makes sure that they know. It
compares what the engine has read with what it last brought, so a round without news costs nothing.
"""

import structlog

from plateapi.engine import Engine
from plateapi.law import Law
from plateapi.services.load_law import bring_settings

log = structlog.get_logger(__name__)


class Activation:
    """Follows the law of an engine whose watch reads what is published."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._brought: Law | None = None

    @property
    def error(self) -> str:
        """Why a publication is not followed; empty where each is."""
        return " ".join(self._engine.tariffs_refused.values())

    async def follow(self) -> None:
        """Bring the present list of tariffs and cuts into every pool, when it is not there yet.

        Founds none: a pool that the store does not know is raised every time, until `plates up` was asked.
        """
        law = self._engine.law
        if law is self._brought:
            return
        changed = await bring_settings(self._engine)
        self._brought = law
        log.info("tariffs_brought", pools_changed=changed, published=len(law.published))
