"""Tariffs for tests: the present one with a few words changed, so that each is a law of its own."""

from pathlib import Path

PRESENT = Path(__file__).resolve().parent.parent / "patterns" / "kz" / "tariffs" / "kz-2026.toml"


def tariff_text(tariff_id: str, in_force_from: str, **prices: str) -> str:
    """The present tariff under another id, from another day, with other numbers of MCI.

    >>> 'mci = "11"' in tariff_text("kz-trial", "2027-01-01", ordinary="11")
    True
    """
    text = PRESENT.read_text(encoding="utf-8")
    text = _replaced(text, 'id = "kz-2026"', f'id = "{tariff_id}"')
    text = _replaced(text, "in_force_from = 2026-01-01", f"in_force_from = {in_force_from}")
    for tier, mci in prices.items():
        head = f'[[tier]]\nid = "{tier}"\nmci = "'
        start = text.index(head) + len(head)
        text = text[:start] + mci + text[text.index('"', start) :]
    return text


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in the present tariff")
    return text.replace(old, new)
