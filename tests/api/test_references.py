"""Payment references and signatures: what was made here opens, whatever was changed on the way does not."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plateapi.payments.signature import SignedNotifications, sign
from plateapi.people import Applicant
from plateapi.refusals import Refused
from plateapi.services.holding import Holding, HoldVersion, parse_etag
from plateapi.services.payment_reference import PaymentReference, ReferenceSeal
from plateapi.services.settle_payment import PaymentNotice, RefundNotice

KEY = bytes(range(32))
NOW_MS = 1_767_600_000_000
BODY = b'{"event":"paid","transaction":"t-1","reference":"abc","amount_tiyn":100,"paid_at_ms":1767600000000}'


class Marked:
    """A mark, as far as a reference knows one."""

    def __init__(self, text: str) -> None:
        self.text = text


class Recorded:
    """A live record, as far as a reference knows one."""

    acquired = "chosen"

    def __init__(self, hold_id: str, amount_tiyn: int) -> None:
        self.hold_id = hold_id
        self.amount_tiyn = amount_tiyn


def holding(mark: str = "777AAA02", hold_id: str = "ab" * 16, amount_tiyn: int = 100) -> Holding:
    """A hold that is being paid."""
    live = Recorded(hold_id, amount_tiyn)
    return Holding(Marked(mark), live, NOW_MS)  # type: ignore[arg-type]


PERSON = Applicant(bytes(range(16)), "person", 3)
ENTITY = Applicant(bytes(range(16)), "entity", 3, bytes(range(16, 32)))


@given(
    hold=st.binary(min_size=16, max_size=16),
    amount=st.integers(0, 2**62),
    applicant=st.sampled_from([PERSON, ENTITY]),
)
def test_a_reference_carries_what_late_money_needs(hold: bytes, amount: int, applicant: Applicant) -> None:
    """Hold, mark, price and applicant come back, and the same hold has the same reference."""
    seal = ReferenceSeal(KEY)
    paying = holding(hold_id=hold.hex(), amount_tiyn=amount)
    reference = seal.seal(paying, applicant)
    assert seal.open(reference) == PaymentReference("777AAA02", hold.hex(), amount, "chosen", applicant)
    assert seal.seal(paying, applicant) == reference


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_reference_with_a_bit_turned_is_nobodys(position: int, bit: int) -> None:
    """No bit of it can be turned: not the mark's, not the price's, not the seal's."""
    seal = ReferenceSeal(KEY)
    data = bytearray(base64.urlsafe_b64decode(seal.seal(holding(), PERSON) + "=="))
    data[position % len(data)] ^= 1 << bit
    assert seal.open(base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")) is None


@given(st.text(max_size=600))
def test_whatever_was_not_made_here_is_nobodys(reference: str) -> None:
    """Any text is opened or is not; none is an error."""
    assert ReferenceSeal(KEY).open(reference) is None


def test_another_key_does_not_open_it() -> None:
    """A seal is of its key."""
    assert ReferenceSeal(KEY[::-1]).open(ReferenceSeal(KEY).seal(holding(), PERSON)) is None


@pytest.fixture
def side() -> SignedNotifications:
    return SignedNotifications("stand-in", KEY, window_seconds=300)


def test_a_signed_notification_is_read(side: SignedNotifications) -> None:
    """Both kinds of notice, in the provider's name."""
    side.verify({"x-signature": sign(KEY, BODY, NOW_MS // 1_000)}, BODY, NOW_MS)
    assert side.read(BODY) == PaymentNotice("stand-in", "t-1", "abc", 100, 1_767_600_000_000)
    assert side.read(b'{"event":"refunded","transaction":"t-1","reference":"abc"}') == RefundNotice(
        "stand-in", "t-1", "abc"
    )


GOOD = sign(KEY, BODY, NOW_MS // 1_000)
SIGNATURES = {
    "none": (None, BODY, "signature_missing"),
    "empty": ("", BODY, "signature_invalid"),
    "another form": ("sha256=" + GOOD[-64:], BODY, "signature_invalid"),
    "upper case": (GOOD.upper(), BODY, "signature_invalid"),
    "another key": (sign(KEY[::-1], BODY, NOW_MS // 1_000), BODY, "signature_invalid"),
    "another body": (GOOD, BODY.replace(b"100", b"999"), "signature_invalid"),
    "a blank more": (GOOD, BODY + b" ", "signature_invalid"),
    "another moment": (GOOD.replace("t=1", "t=2", 1), BODY, "signature_invalid"),
    "just too old": (sign(KEY, BODY, NOW_MS // 1_000 - 301), BODY, "notification_stale"),
    "just too new": (sign(KEY, BODY, NOW_MS // 1_000 + 301), BODY, "notification_stale"),
    "as old as may be": (sign(KEY, BODY, NOW_MS // 1_000 - 300), BODY, None),
    "as new as may be": (sign(KEY, BODY, NOW_MS // 1_000 + 300), BODY, None),
}


@pytest.mark.parametrize(("header", "body", "slug"), SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_is_judged(
    header: str | None, body: bytes, slug: str | None, side: SignedNotifications
) -> None:
    """Over the moment and the body, byte for byte, within the window and not a second beyond."""
    headers = {} if header is None else {"x-signature": header}
    if slug is None:
        side.verify(headers, body, NOW_MS)
        return
    with pytest.raises(Refused) as refused:
        side.verify(headers, body, NOW_MS)
    assert refused.value.slug == slug


BODIES = {
    "not JSON": (b"{", "body_unreadable", []),
    "not UTF-8": (b'{"event":"\xff"}', "body_unreadable", []),
    "a list": (b"[]", "notification_invalid", ["?"]),
    "no event": (b"{}", "notification_invalid", ["event"]),
    "an unknown event": (b'{"event":"granted"}', "notification_invalid", ["event"]),
    "no amount": (BODY.replace(b'"amount_tiyn":100,', b""), "notification_invalid", ["amount_tiyn"]),
    "an amount in text": (BODY.replace(b"100", b'"100"'), "notification_invalid", ["amount_tiyn"]),
    "a fraction": (BODY.replace(b"100", b"100.5"), "notification_invalid", ["amount_tiyn"]),
    "less than nothing": (BODY.replace(b"100", b"-1"), "notification_invalid", ["amount_tiyn"]),
    "more than there is": (BODY.replace(b"100", b"9" * 30), "notification_invalid", ["amount_tiyn"]),
    "an empty transaction": (BODY.replace(b"t-1", b""), "notification_invalid", ["transaction"]),
    "a transaction with a blank": (BODY.replace(b"t-1", b"t 1"), "notification_invalid", ["transaction"]),
    "a moment of no year": (
        BODY.replace(b"1767600000000", b"9" * 16),
        "notification_invalid",
        ["paid_at_ms"],
    ),
    "a field too many": (BODY.replace(b"{", b'{"paid":true,', 1), "notification_invalid", ["?"]),
}


@pytest.mark.parametrize(("body", "slug", "fields"), BODIES.values(), ids=BODIES)
def test_a_notification_that_cannot_be_read_says_where(
    body: bytes, slug: str, fields: list[str], side: SignedNotifications
) -> None:
    """Signed or not, a body lacks what it lacks: each field by name, never its value."""
    with pytest.raises(Refused) as refused:
        side.read(body)
    assert refused.value.slug == slug
    assert [error["field"] for error in refused.value.facts.get("errors", [])] == fields  # type: ignore[attr-defined]


def test_an_etag_names_hold_and_revision() -> None:
    """What we gave comes back as the version to act on."""
    assert parse_etag(f'"{"ab" * 16}-17"') == HoldVersion("ab" * 16, 17)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        '""',
        f'W/"{"ab" * 16}-1"',
        f"{'ab' * 16}-1",
        f'"{"AB" * 16}-1"',
        f'"{"ab" * 15}-1"',
        f'"{"ab" * 16}"',
        f'"{"ab" * 16}-"',
        f'"{"ab" * 16}--1"',
        f'"{"ab" * 16}-1x"',
        f'"{"ab" * 16}-{"9" * 16}"',
        f'"{"ab" * 16}-٣"',
        f'"{"ab" * 16}-1", "{"cd" * 16}-2"',
    ],
)
def test_what_is_no_etag_of_ours_is_refused(text: str) -> None:
    """Weak, several, any, or another service's: each is refused by name."""
    with pytest.raises(Refused, match="if_match_invalid"):
        parse_etag(text)
