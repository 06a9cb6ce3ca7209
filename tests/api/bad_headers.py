"""The table of bad headers: a cause, the header, and the problem that must be named.

That every route judges them is tested elsewhere (test_gate.py); here each way to get one wrong stands once.
"""

from collections.abc import Iterator

from tests.api.bad_inputs import HOLDS, Bad

HOLDINGS = "/v1/holdings"


def headers() -> Iterator[Bad]:
    """Headers that cannot be meant."""
    for cause, value, slug in (
        ("no token", None, "token_missing"),
        ("an empty Authorization", "", "token_missing"),
        ("a scheme of another kind", "Basic YTpi", "token_missing"),
        ("a scheme without a token", "Bearer", "token_missing"),
        ("a token of blanks", "Bearer    ", "token_invalid"),
        ("two words for a token", "Bearer a b", "token_invalid"),
        ("a token of another language", "Bearer жетон".encode(), "token_invalid"),
        ("a token of ten thousand letters", "Bearer " + "a" * 10_000, "token_invalid"),
    ):
        sent = {} if value is None else {"authorization": value}
        yield Bad(f"header: {cause}", "nobody", "GET", HOLDINGS, 401, slug, {"headers": sent})
    for cause, value in (
        ("a key too short", "short"),
        ("a key with a blank", "my first key"),
        ("a key too long", "x" * 121),
        ("an empty key", ""),
        ("a key of another language", "менің-кілтім".encode()),
        ("a key with a tab", "my\tfirst\tkey"),
    ):
        sent = {"headers": {"idempotency-key": value}, "json": {"mark": "777AAA02"}}
        yield Bad(f"header: {cause}", "driver", "POST", HOLDS, 400, "idempotency_key_invalid", sent)
    for cause, value in (
        ("any version", "*"),
        ("a weak version", 'W/"5"'),
        ("a version without quotes", "5"),
        ("two versions in one", '"a", "b"'),
        ("a version of another thing", '"draft-1"'),
        ("an empty version", ""),
    ):
        path, sent = f"{HOLDS}/777AAA02", {"headers": {"if-match": value}}
        yield Bad(f"header: {cause}", "driver", "DELETE", path, 400, "if_match_invalid", sent)
    missing = f"{HOLDS}/777AAA02"
    yield Bad("header: no version", "driver", "DELETE", missing, 428, "if_match_missing")
