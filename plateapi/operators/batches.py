"""Holds for many applicants in one request: what a channel's service account sends at the opening hour.

Each item is judged for itself, as if it had come alone: one result an item, in order, with the status that
the single request would have had. The request id of an item is the batch's key and its position, so the
whole batch can be repeated as it was; a batch with its items in another order is another batch.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Request, Response

from plate_core import PlateError
from plateapi.edge.errors import problem_of
from plateapi.edge.room import JSON, Hot, Room
from plateapi.edge.visit import Visit
from plateapi.identity import ApplicantIdInvalid
from plateapi.languages import Language, negotiate
from plateapi.operators.schemas import BatchBody, BatchShape, DeskHoldBody
from plateapi.people import Role
from plateapi.problems import PROBLEMS, problem_body
from plateapi.refusals import Refused
from plateapi.services.hold_mark import Wish, hold_marks
from plateapi.services.holding import Holding
from plateapi.shapes import holding_values

room = Room("batches", "Many holds at once, by the channels' service accounts.")


@room.route(
    "POST",
    "/v1/hold-batches",
    roles=(Role.SERVICE,),
    reads=JSON,
    problems=["request_invalid"],
    hot=Hot(answer=BatchShape, body=BatchBody),
    summary="Hold marks for up to 100 applicants",
)
async def hold_batch(request: Request, visit: Visit) -> Response:
    """One hold an item, each for an applicant of its own; one result an item, in order."""
    body = BatchBody.model_validate_json(await request.body())
    results: list[Holding | Exception | None] = [None] * len(body.items)
    wishes: dict[int, Wish] = {}
    for index, item in enumerate(body.items):
        try:
            wishes[index] = _wish(visit, index, item)
        except (ApplicantIdInvalid, Refused) as error:
            results[index] = error
    held = await hold_marks(visit.house.engine, list(wishes.values()))
    for index, result in zip(wishes, held, strict=True):
        results[index] = result
    return Response(orjson.dumps(_shown(results, _language(request))), 200, media_type=JSON)


def _wish(visit: Visit, index: int, item: DeskHoldBody) -> Wish:
    applicant = item.applicant.applicant(visit.house.pseudonyms)
    return Wish(
        errand=visit.errand(applicant, part=f"#{index}"),
        mark_text=item.mark,
        expected_amount_tiyn=item.expected.amount_tiyn,
        expected_tariff=item.expected.tariff,
    )


def _language(request: Request) -> Language:
    return negotiate(request.headers.get("accept-language"))


def _shown(results: Sequence[Holding | Exception | None], language: Language) -> dict[str, Any]:
    shown = [_result(result, language) for result in results]
    return {"held": sum(result["status"] == 201 for result in shown), "results": shown}


def _result(result: Holding | Exception | None, language: Language) -> dict[str, Any]:
    if isinstance(result, Holding):
        return {"status": 201, "holding": holding_values(result), "problem": None}
    if not isinstance(result, (Refused, PlateError, ApplicantIdInvalid)):
        raise RuntimeError("an item came back without a result")
    slug, facts = problem_of(result)
    problem = problem_body(slug, language, facts)
    return {"status": PROBLEMS[slug].status, "holding": None, "problem": problem}
