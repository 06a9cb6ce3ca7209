"""How all pools stand, for whoever asks: drivers, desks, machines that look after the service."""

from plateapi.engine import Engine
from plateapi.services.pool_standing import PoolStanding


async def list_pools(engine: Engine) -> list[PoolStanding]:
    """Every pool of the rule book, in its order, as the store said within the last second."""
    settings = await engine.pool_settings()
    now_ms = engine.clock.now_ms()
    return [PoolStanding.of(pool, found, now_ms) for pool, found in settings.items()]
