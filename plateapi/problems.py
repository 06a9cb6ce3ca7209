"""Every problem this service can answer with (RFC 9457): one table of slug, status and when to come back.

The sentences stand beside it in ``problem_texts/{kk,ru,en}.toml``; a test holds the four to the same slugs,
and the table to the outcomes of the core. Slugs are for ever: programs decide by ``type``, people read on.
Not here: which exception becomes which problem (``plateapi/edge/errors.py``).
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plateapi.languages import LANGUAGES, Language

TYPE_PREFIX: Final = "urn:plates:problem:"
MEDIA_TYPE: Final = "application/problem+json"

# An IIN typed where it does not belong must not come back: twelve digits that stand alone are masked.
TWELVE_DIGITS: Final = re.compile(r"(?<![0-9A-Fa-f])\d{12}(?![0-9A-Fa-f])")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What the table says of one slug."""

    status: int
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What a person reads."""

    title: str
    detail: str
    action: str


PROBLEMS: Final[dict[str, ProblemKind]] = {
    # The request itself.
    "request_invalid": ProblemKind(422),
    "body_unreadable": ProblemKind(400),
    "body_too_large": ProblemKind(413),
    "body_too_slow": ProblemKind(408),
    "content_type_unsupported": ProblemKind(415),
    "route_unknown": ProblemKind(404),
    "method_not_allowed": ProblemKind(405),
    "idempotency_key_missing": ProblemKind(400),
    "idempotency_key_invalid": ProblemKind(400),
    "request_id_reused": ProblemKind(422),
    "if_match_missing": ProblemKind(428),
    "if_match_invalid": ProblemKind(400),
    # Who is asking.
    "token_missing": ProblemKind(401),
    "token_invalid": ProblemKind(401),
    "token_expired": ProblemKind(401),
    "role_missing": ProblemKind(403),
    "applicant_id_invalid": ProblemKind(422),
    "format_not_for_applicant": ProblemKind(422),
    # Marks and searching.
    "mark_unparseable": ProblemKind(422),
    "pattern_invalid": ProblemKind(422),
    "cursor_invalid": ProblemKind(422),
    "region_unknown": ProblemKind(422),
    "format_unknown": ProblemKind(422),
    "tier_unknown": ProblemKind(422),
    "tag_unknown": ProblemKind(422),
    "no_tariff_in_force": ProblemKind(409),
    "mci_unknown": ProblemKind(409),
    "not_offered": ProblemKind(409),
    "pool_unknown": ProblemKind(404),
    # Holding a mark: the store's refusals, in its own precedence.
    "mark_withheld": ProblemKind(409),
    "mark_issued": ProblemKind(409),
    "mark_allotted": ProblemKind(409),
    "held_by_another": ProblemKind(409),
    "held_by_you": ProblemKind(409),
    "cooling_down": ProblemKind(429),
    "same_mark_cap_reached": ProblemKind(429),
    "limit_reached": ProblemKind(429),
    "operator_cap_reached": ProblemKind(429),
    "permit_expired": ProblemKind(409),
    "tariff_changed": ProblemKind(409),
    "price_changed": ProblemKind(409),
    "not_open": ProblemKind(503, 60),
    "pool_paused": ProblemKind(503, 60),
    "holds_stopped": ProblemKind(503, 60),
    "read_only": ProblemKind(503, 60),
    "feed_backlogged": ProblemKind(503, 5),
    "frozen": ProblemKind(503, 5),
    "none_left": ProblemKind(409),
    "revision_stale": ProblemKind(412),
    "not_held": ProblemKind(404),
    "hold_expired": ProblemKind(410),
    "extensions_used_up": ProblemKind(409),
    "payment_already_begun": ProblemKind(409),
    "manufacture_begun": ProblemKind(409),
    "not_allotted": ProblemKind(404),
    "conflict": ProblemKind(409),
    "already_withheld": ProblemKind(409),
    "not_withheld": ProblemKind(409),
    "already_imported": ProblemKind(409),
    "never_issued": ProblemKind(409),
    # The later life of a mark.
    "not_in_manufacture": ProblemKind(409),
    "not_ready": ProblemKind(409),
    "plate_not_issued": ProblemKind(409),
    "not_assigned": ProblemKind(409),
    "not_surrendered": ProblemKind(409),
    "not_retained": ProblemKind(409),
    "mark_blocked": ProblemKind(409),
    "not_blocked": ProblemKind(409),
    # Payments.
    "not_refundable": ProblemKind(409),
    "payment_unknown": ProblemKind(404),
    "signature_missing": ProblemKind(401),
    "signature_invalid": ProblemKind(401),
    "notification_stale": ProblemKind(401),
    "notification_invalid": ProblemKind(422),
    # Tariffs.
    "tariff_invalid": ProblemKind(422),
    "tariff_unknown": ProblemKind(404),
    "draft_unknown": ProblemKind(404),
    "draft_stale": ProblemKind(412),
    "draft_not_submitted": ProblemKind(409),
    "draft_settled": ProblemKind(409),
    "revision_differs": ProblemKind(409),
    "same_person": ProblemKind(403),
    "effect_too_soon": ProblemKind(422),
    "effect_outside_day": ProblemKind(422),
    "tariff_already_published": ProblemKind(409),
    # The service itself. 504 and not 503 for the unknown outcome: 503 tells proxies and clients that nothing
    # was done, 504 that an answer did not come in time, which is just what is known.
    "store_unavailable": ProblemKind(503, 2),
    "store_overloaded": ProblemKind(503, 1),
    "outcome_unknown": ProblemKind(504, 1),
    "replica_unavailable": ProblemKind(503, 2),
    "journal_unavailable": ProblemKind(503, 5),
    "document_conflict": ProblemKind(409),
    "service_starting": ProblemKind(503, 2),
    "internal_error": ProblemKind(500),
}

# What any wish for a mark may meet, for the page of the whole surface.
HOLD_REFUSALS: Final = (
    "mark_unparseable",
    "format_not_for_applicant",
    "no_tariff_in_force",
    "mci_unknown",
    "not_offered",
    "pool_unknown",
    "mark_withheld",
    "mark_issued",
    "mark_allotted",
    "held_by_another",
    "held_by_you",
    "cooling_down",
    "same_mark_cap_reached",
    "limit_reached",
    "operator_cap_reached",
    "permit_expired",
    "tariff_changed",
    "price_changed",
    "not_open",
    "pool_paused",
    "holds_stopped",
    "feed_backlogged",
)
# What any act on a hold that names its version may meet.
VERSION_REFUSALS: Final = ("mark_unparseable", "not_held", "mark_allotted", "revision_stale", "hold_expired")

# What HTTP itself says without one of our slugs, by status: Starlette's own 404 and 405.
SLUG_BY_STATUS: Final = {
    404: "route_unknown",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    415: "content_type_unsupported",
}


def _texts() -> dict[Language, dict[str, ProblemText]]:
    directory = Path(__file__).parent / "problem_texts"
    return {
        language: {
            slug: ProblemText(**entry)
            for slug, entry in tomllib.loads((directory / f"{language}.toml").read_text("utf-8")).items()
        }
        for language in LANGUAGES
    }


TEXTS: Final = _texts()


def type_uri(slug: str) -> str:
    """The problem's type: stable, the same in every deployment.

    >>> type_uri("held_by_another")
    'urn:plates:problem:held_by_another'
    """
    return TYPE_PREFIX + slug


def problem_body(
    slug: str, language: Language, facts: Mapping[str, Any], *, instance: str | None = None
) -> dict[str, Any]:
    """The problem as JSON values: RFC 9457's members, ``action`` (what to do next), and the facts."""
    text = TEXTS[language][slug]
    body: dict[str, Any] = {
        "type": type_uri(slug),
        "title": text.title,
        "status": PROBLEMS[slug].status,
        "detail": text.detail,
        "action": text.action,
    }
    if instance is not None:
        body["instance"] = instance
    body.update((name, masked(value)) for name, value in facts.items() if name not in body)
    return body


def retry_after_seconds(slug: str, facts: Mapping[str, Any], now_ms: int) -> int | None:
    """When to come back: the fact if there is one, else what the table says, else nothing.

    >>> retry_after_seconds("held_by_another", {"retry_at_ms": 61_500}, 0)
    62
    """
    retry_at_ms = facts.get("retry_at_ms")
    if isinstance(retry_at_ms, int):
        return max(1, math.ceil((retry_at_ms - now_ms) / 1_000))
    return PROBLEMS[slug].retry_after_seconds


def masked(value: object) -> object:
    """The value with every text of twelve digits that stands alone masked, at any depth."""
    if isinstance(value, str):
        return TWELVE_DIGITS.sub("************", value)
    if isinstance(value, Mapping):
        return {masked(str(name)): masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    return value
