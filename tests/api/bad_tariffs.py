"""The table of bad tariff files: a cause, the file, and the code of the fault that must be named."""

from collections.abc import Iterator

from tests.api.bad_inputs import CHECK, DRAFTS, TOML, Bad
from tests.tariffs import tariff_text

GOOD = tariff_text("kz-bad", "2026-12-31")


def changed(old: str, new: str) -> bytes:
    """The good tariff with the first of these changed."""
    if old not in GOOD:
        raise ValueError(f"{old!r} is not in the tariff")
    return GOOD.replace(old, new, 1).encode()


def tariffs() -> Iterator[Bad]:
    """Files that are no tariff, at the check."""
    files: dict[str, tuple[bytes, str]] = {
        "an empty file": (b"", "key_missing"),
        "no TOML": (b"this is no TOML", "toml_syntax"),
        "a bracket open": (b"[[tier", "toml_syntax"),
        "a key twice": (b'id = "a"\nid = "b"\n', "toml_syntax"),
        "no id": (changed('id = "kz-bad"\n', ""), "key_missing"),
        "an id with blanks": (changed('id = "kz-bad"', 'id = "K Z"'), "id_invalid"),
        "the law's own file": (tariff_text("kz-2026", "2026-01-01").encode(), "tariff_repeated"),
        "an id that stands already": (changed('id = "kz-bad"', 'id = "kz-2026"'), "tariff_repeated"),
        "no day": (changed("in_force_from = 2026-12-31\n", ""), "key_missing"),
        "a day in text": (changed("= 2026-12-31", '= "2026-12-31"'), "type_wrong"),
        "a moment for a day": (changed("= 2026-12-31", "= 2026-12-31T09:00:00Z"), "type_wrong"),
        "the day of another": (changed("= 2026-12-31", "= 2026-01-01"), "tariff_date_repeated"),
        "a key unknown": (changed("[provenance]", "colour = 5\n[provenance]"), "key_unknown"),
        "a price with a comma": (changed('mci = "2.8"', 'mci = "2,8"'), "mci_invalid"),
        "a price as a number": (changed('mci = "2.8"', "mci = 2.8"), "type_wrong"),
        "a price below nothing": (changed('mci = "2.8"', 'mci = "-2.8"'), "mci_invalid"),
        "a price of too many places": (changed('mci = "2.8"', 'mci = "2.875"'), "mci_invalid"),
        "a tier twice": (changed('id = "mirror"', 'id = "ordinary"'), "tier_repeated"),
        "a tier that no one names": (changed('tier = "mirror"', 'tier = "gold"'), "tier_unknown"),
        "a pattern that is none": (changed('digits = "', 'digits = "['), "range_ends_differ"),
    }
    for cause, (content, fault) in files.items():
        options = {"content": content, "headers": TOML}
        yield Bad(f"tariff: {cause}", "admin", "POST", CHECK, 422, "tariff_invalid", options, fault=fault)
    for cause, options, status, slug in (
        ("not UTF-8", {"content": b"\xff\xfe", "headers": TOML}, 400, "body_unreadable"),
        ("a tariff as JSON", {"json": {}}, 415, "content_type_unsupported"),
    ):
        yield Bad(f"tariff: {cause}", "admin", "POST", CHECK, status, slug, options)
    for cause, name in (("a file name with a path", "../x.toml"), ("a file name without its ending", "x")):
        options = {"content": GOOD, "headers": TOML, "params": {"file_name": name}}
        yield Bad(f"tariff: {cause}", "admin", "POST", CHECK, 422, "request_invalid", options, "file_name")
    draft = f"{DRAFTS}/{'0' * 16}"
    for cause, body, named in (
        ("an hour in text", {"from_ms": "noon"}, "from_ms"),
        ("an hour below nothing", {"from_ms": -1}, "from_ms"),
        ("an hour in microseconds", {"from_ms": 1_798_743_600_000_000}, "from_ms"),
        ("an hour and more", {"from_ms": 1, "force": True}, "force"),
    ):
        options = {"json": body, "version": '"1"'}
        path = f"{draft}/submission"
        yield Bad(f"submit: {cause}", "admin", "POST", path, 422, "request_invalid", options, named)
    for cause, body in (
        ("no revision", {}),
        ("half a revision", {"revision": "ab"}),
        ("no hash", {"revision": "x" * 64}),
    ):
        options = {"json": body, "version": '"1"'}
        path = f"{draft}/approval"
        yield Bad(f"approve: {cause}", "approver", "POST", path, 422, "request_invalid", options, "revision")
    for cause, who, act, body in (
        ("submit", "admin", "submission", {}),
        ("approve", "approver", "approval", {"revision": "0" * 64}),
    ):
        options = {"json": body, "version": '"1"'}
        yield Bad(f"{cause} what is not there", who, "POST", f"{draft}/{act}", 404, "draft_unknown", options)
