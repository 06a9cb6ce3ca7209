"""Holds for many applicants in one request: what a channel's service account sends at the opening hour.

Each item is judged for itself, as if it had come alone: one result an item, in order, with the status that
the single request would have had. The request id of an item is the batch's key and its position, so the
whole batch can be repeated as it was; a batch with its items in another order is another batch.
"""

from collections.abc import Sequence

import orjson
from fastapi import Request, Response

from plate_core import Answer
from plateapi.edge.errors import problem_of
from plateapi.edge.room import JSON, Hot, Room
from plateapi.edge.visit import Visit
from plateapi.identity import ApplicantIdInvalid
from plateapi.languages import Language, negotiate
from plateapi.operators.schemas import BatchBody, BatchItem, BatchShape, applicants_of
from plateapi.people import Applicant, Errand, Role
from plateapi.problems import PROBLEMS, problem_body
from plateapi.services.hold_mark import Held, Wish, hold_marks
from plateapi.shapes import NOTHING_EXPECTED, holding_json

Result = Held | ApplicantIdInvalid

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
    errand = visit.errand()
    wishes: dict[int, Wish] = {}
    results: dict[int, Result] = {}
    applicants = applicants_of([item["applicant"] for item in body.items], visit.house.pseudonyms)
    for index, (item, applicant) in enumerate(zip(body.items, applicants, strict=True)):
        if isinstance(applicant, Applicant):
            wishes[index] = _wish(errand.part(index, applicant), item)
        else:
            results[index] = applicant
    held = await hold_marks(visit.house.engine, list(wishes.values()))
    results.update(zip(wishes, held, strict=True))
    in_order = [results[index] for index in range(len(body.items))]
    return Response(_written(in_order, _language(request)), 200, media_type=JSON)


def _wish(errand: Errand, item: BatchItem) -> Wish:
    expected = item.get("expected", NOTHING_EXPECTED)
    return Wish(errand, item["mark"], expected.get("amount_tiyn"), expected.get("tariff"))


def _language(request: Request) -> Language:
    return negotiate(request.headers.get("accept-language"))


def _written(results: Sequence[Result], language: Language) -> bytes:
    """The JSON of `BatchShape`, put together of what is JSON already."""
    held = sum(isinstance(result, Answer) for result in results)
    return b'{"held":%d,"results":[%b]}' % (held, b",".join(_result(result, language) for result in results))


def _result(result: Result, language: Language) -> bytes:
    """The JSON of `BatchResult`."""
    if isinstance(result, Answer):
        return b'{"status":201,"holding":%b,"problem":null}' % holding_json(result)
    slug, facts = problem_of(result)
    problem = problem_body(slug, language, facts)
    return orjson.dumps({"status": PROBLEMS[slug].status, "holding": None, "problem": problem})
