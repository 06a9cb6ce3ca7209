"""One mark's history, for auditors."""

from typing import Annotated

from fastapi import Path

from plateapi.audit.schemas import TraceShape
from plateapi.edge.room import Room
from plateapi.edge.visit import Here
from plateapi.people import Role
from plateapi.services.trace_mark import trace_mark

room = Room("audit", "The history of marks.")


@room.route(
    "GET",
    "/v1/audit/marks/{mark}",
    roles=(Role.AUDITOR,),
    problems=["mark_unparseable", "journal_unavailable"],
    summary="One mark's whole history",
)
async def trace(here: Here, mark: Annotated[str, Path(max_length=64, examples=["777AAA02"])]) -> TraceShape:
    """Every transition, oldest first: who, for whom, from which office and channel, at which revision."""
    return TraceShape.of(await trace_mark(here.house.engine, mark))
