"""The keeper's process: `python -m plateapi.keeper`. Stops in order at SIGTERM and SIGINT."""

import asyncio
import os
import signal

import structlog

from plate_core import PlateError, ReplicaWriter
from plateapi import logs
from plateapi.engine import Engine
from plateapi.keeper.activation import Activation
from plateapi.keeper.process import Keeper
from plateapi.keeper.status import KeeperStatus
from plateapi.settings import Settings

log = structlog.get_logger(__name__)


async def keep(settings: Settings) -> None:
    """Keep until told to stop. Raises what :meth:`Engine.open` raises; the supervisor starts it again."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = await Engine.open(settings)
    try:
        keeper = Keeper(
            settings=settings,
            inventory=engine.inventory,
            book=engine.law.base,
            activation=Activation(engine),
            status=KeeperStatus(pid=os.getpid()),
            replica=ReplicaWriter.start(settings.redis_url, settings.replica_path, engine.law.base),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, keeper.stopping.set)
        await keeper.run()
    finally:
        await engine.close()


def main() -> int:
    """Run one keeper; 1 when it could not start."""
    settings = Settings()
    logs.configure(settings.log_level)
    try:
        asyncio.run(keep(settings))
    except PlateError as error:
        log.error("keeper_not_started", error=error.slug, detail=error.detail)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
