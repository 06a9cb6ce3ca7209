"""The pricing admin of a launch day: a new tariff in the middle, approved by a second person.

Not here: what a change of tariff does to the holds that live then; a launch meets it, the check judges it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx

from loadtests.identity import Provider

ALMATY = timezone(timedelta(hours=5))
TARIFF = Path(__file__).resolve().parent / "launch-tariff.toml"


def publish_tariff(address: str, provider: Provider, *, name: str, in_seconds: float) -> None:
    """Upload, preview, and have it approved for so many seconds after it was submitted.

    Raises:
        httpx.HTTPStatusError: when any of it is refused.
    """
    day = datetime.now(ALMATY).date()
    text = TARIFF.read_text(encoding="utf-8").replace("@DAY@", day.isoformat())
    text = text.replace('id = "kz-launch"', f'id = "kz-{name}"')
    with httpx.Client(base_url=address, timeout=30.0) as client:
        admin = {"Authorization": f"Bearer {provider.token('admin', 'pricing_admin')}"}
        approver = {"Authorization": f"Bearer {provider.token('approver', 'pricing_approver')}"}
        draft = _post(
            client,
            "/v1/tariff-drafts",
            admin | {"Idempotency-Key": f"{name}-upload", "Content-Type": "application/toml"},
            params={"file_name": f"{name}.toml"},
            content=text.encode(),
        )
        path = f"/v1/tariff-drafts/{draft.json()['draft']}"
        client.get(f"{path}/preview", headers=admin).raise_for_status()
        hour = datetime.now(ALMATY) + timedelta(seconds=in_seconds)
        submitted = _post(
            client,
            f"{path}/submission",
            admin | {"Idempotency-Key": f"{name}-submit", "If-Match": draft.headers["etag"]},
            json={"from_ms": int(hour.timestamp() * 1_000)},
        )
        _post(
            client,
            f"{path}/approval",
            approver | {"Idempotency-Key": f"{name}-approve", "If-Match": submitted.headers["etag"]},
            json={"revision": draft.json()["revision"]},
        )


def _post(client: httpx.Client, path: str, headers: dict[str, str], **content: object) -> httpx.Response:
    return client.post(path, headers=headers, **content).raise_for_status()  # type: ignore[arg-type]
