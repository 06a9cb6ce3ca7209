"""The tariffs that are, were and will be in force, with who published them."""

from dataclasses import dataclass
from typing import Any, Literal

from plateapi.engine import Engine
from plateapi.law import PublishedTariff
from plateapi.refusals import Refused

Standing = Literal["past", "in_force", "to_come"]


@dataclass(frozen=True, slots=True)
class ListedTariff:
    """One revision on the timeline. ``published`` is ``None`` for a tariff of the files on disk."""

    revision: str
    tariff_id: str
    in_force_from: str
    from_ms: int
    standing: Standing
    report: dict[str, Any]
    content: str  # the file
    published: PublishedTariff | None


def list_tariffs(engine: Engine) -> list[ListedTariff]:
    """Every tariff, the latest first."""
    now_ms = engine.clock.now_ms()
    law = engine.law
    published = {tariff.revision: tariff for tariff in law.published}
    timeline = law.timeline()
    begun = [entry for entry in timeline if entry.from_ms <= now_ms]
    listed = []
    for entry in timeline:
        known = law.find(entry.revision)
        if known is None:
            continue
        standing: Standing = "to_come"
        if entry.from_ms <= now_ms:
            standing = "in_force" if entry == begun[-1] else "past"
        listed.append(
            ListedTariff(
                revision=entry.revision,
                tariff_id=known["id"],
                in_force_from=known["in_force_from"],
                from_ms=entry.from_ms,
                standing=standing,
                report=known["report"],
                content=_content(engine, known["id"], published.get(entry.revision)),
                published=published.get(entry.revision),
            )
        )
    return listed[::-1]


def _content(engine: Engine, tariff_id: str, published: PublishedTariff | None) -> str:
    return engine.tariff_texts[tariff_id] if published is None else published.content


def get_tariff(engine: Engine, revision: str) -> ListedTariff:
    """One tariff by its revision. Refused: ``tariff_unknown``."""
    found = next((tariff for tariff in list_tariffs(engine) if tariff.revision == revision), None)
    if found is None:
        raise Refused("tariff_unknown")
    return found
