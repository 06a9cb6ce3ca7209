"""Every setting of the service, in one class, with its unit in its name.

A setting is read once at start from the environment, prefix ``PLATES_`` (``PLATES_PORT=8081``), and never
changes while a process runs. What changes while it runs (tariffs, pauses, opening hours) lives in the store.
Not here: what a profile refuses, beyond the names of it; the refusal is spoken by ``plates doctor`` and at
start, both through :meth:`Settings.refusals`. The rules of service become a pool's own settings in
``plateapi/services/load_law.py``.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "PLATES_"

# The patterns lie beside the package, in a checkout and in an installed wheel alike.
DEFAULT_PATTERNS_DIR = Path(__file__).resolve().parent.parent / "patterns" / "kz"

MINUTE_SECONDS = 60
DAY_SECONDS = 24 * 60 * MINUTE_SECONDS


# What the demo profile makes up for itself and production must name: (setting, what is needed, an example).
PRODUCTION_NEEDS = (
    ("token_jwks_file", "the real issuer's public keys", "/etc/plates/issuer.jwks.json"),
    ("token_issuer", "the real issuer's name", "https://idp.example.kz"),
    ("applicant_key_file", "a key kept for this purpose alone", "/etc/plates/applicant.key"),
    ("payment_key_file", "the key shared with the payment side", "/etc/plates/payment.key"),
    ("payment_reference_key_file", "a key kept for this purpose alone", "/etc/plates/reference.key"),
    ("payment_provider", "the real payment side's name", "kaspi"),
    ("payment_stand_in", "off: only a verified payment makes anything paid", "false"),
)


@dataclass(frozen=True, slots=True)
class SettingRefused:
    """One setting that this profile does not start with, and what mends it."""

    setting: str
    found: str
    needed: str
    mend: str


class Settings(BaseSettings):
    """The settings of one process.

    >>> Settings(port=8081).port
    8081
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # --- What runs here -------------------------------------------------------------------------------
    profile: Literal["demo", "production"] = Field(
        "demo", description="`production` refuses stand-ins, keys made here and the local token issuer."
    )
    data_dir: Path = Field(Path("var"), description="Everything that is written: store, journal, keys, logs.")
    patterns_dir: Path = Field(
        DEFAULT_PATTERNS_DIR, description="The law on disk: the base of the rule book."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    access_log: bool = Field(
        True, description="One line a request: route, status, duration if it was let in; no path."
    )

    # --- HTTP -----------------------------------------------------------------------------------------
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8080, ge=0, le=65_535, description="Port the API listens on; 0 takes a free one.")
    workers: int = Field(2, ge=1, le=256, description="API worker processes.")
    requests_at_work_max: int = Field(
        128, ge=8, le=65_536, description="Requests a worker is at work on at a time; one more is refused."
    )
    body_max_bytes: int = Field(
        65_536, ge=1_024, le=16_777_216, description="Largest request body; a batch of 100 holds is 20 KiB."
    )
    body_read_seconds: float = Field(
        6.0, gt=0, le=600, description="How long a whole body may take to arrive; then its sender is cut off."
    )
    tariff_max_bytes: int = Field(
        524_288, ge=1_024, le=16_777_216, description="Largest tariff file uploaded; kz-2026 is about 10 KiB."
    )
    token_max_bytes: int = Field(8_192, ge=1_024, le=65_536, description="Largest bearer token accepted.")

    # --- The store ------------------------------------------------------------------------------------
    redis_url: str = Field(
        "",
        repr=False,  # It may hold a password.
        description="Valkey >= 8 or Redis >= 7.0 (redis:// unix:// redis+cluster://); empty: embedded.",
    )
    store_response_seconds: float = Field(
        5.0, gt=0, le=60, description="Wait for an answer of the store; after it the outcome is unknown."
    )
    store_maxmemory_bytes: int = Field(
        2 * 1_024**3,
        ge=256 * 1_024**2,
        le=1_024**4,
        description="Memory at which the embedded store takes no more holds; it never evicts.",
    )
    store_start_seconds: float = Field(
        30.0, gt=0, le=3_600, description="How long the embedded store may take to start; loading extends it."
    )

    # --- The command line -----------------------------------------------------------------------------
    server: str = Field(
        "", description="Address that commands speak to; empty: the one that runs in the data directory."
    )
    token: str = Field("", repr=False, description="Bearer token of commands that speak to the server.")

    # --- Identity -------------------------------------------------------------------------------------
    token_issuer: str = Field("plates-local", description="The only `iss` accepted.")
    token_audience: str = Field("plates", description="The only `aud` accepted.")
    token_algorithm: Literal["ES256", "Ed25519"] = Field(
        "ES256", description="The one algorithm; ES256 verifies in 122 µs, Ed25519 in 176 to 196."
    )
    token_jwks_file: Path | None = Field(
        None, description="The issuer's public keys (JWKS); unset: the local issuer's, demo only."
    )
    token_lifetime_max_seconds: int = Field(
        3_600, ge=60, le=DAY_SECONDS, description="Tokens that live longer than this are refused."
    )
    token_leeway_seconds: int = Field(5, ge=0, le=60, description="Tolerated difference of clocks.")
    token_cache_seconds: int = Field(
        60, ge=0, le=60, description="How long a verified token is believed; never past its own end."
    )
    token_cache_entries: int = Field(
        20_000, ge=1, le=1_000_000, description="Verified tokens remembered a worker, about 0.7 KiB each."
    )
    applicant_key_file: Path | None = Field(
        None, description="Key of the applicants' pseudonyms, 32 bytes in hex; unset: made here, demo only."
    )
    applicant_key_id: int = Field(
        1, ge=1, le=255, description="Stored with each pseudonym, so keys can change."
    )

    # --- Payments -------------------------------------------------------------------------------------
    payment_provider: str = Field("stand-in", description="Name of the payment side in payment records.")
    payment_key_file: Path | None = Field(
        None, description="32 bytes in hex shared with the payment side; unset: made here, demo only."
    )
    payment_reference_key_file: Path | None = Field(
        None, description="32 bytes in hex that seal payment references; unset: made here, demo only."
    )
    payment_stand_in: bool = Field(
        True, description="Serve the local stand-in of the payment side (demo only)."
    )
    notification_window_seconds: int = Field(
        300, ge=1, le=DAY_SECONDS, description="How far a notification's timestamp may lie from now."
    )

    # --- Rules of the service (found nowhere in public sources, so they are settings) -------------------
    opens_at: str = Field(
        "", description="When holds begin, e.g. 2026-01-05T09:00:00+05:00; empty: open already."
    )
    hold_ttl_seconds: int = Field(15 * MINUTE_SECONDS, ge=1, le=DAY_SECONDS, description="Life of a hold.")
    extension_seconds: int = Field(
        10 * MINUTE_SECONDS,
        ge=1,
        le=DAY_SECONDS,
        description="Life of a hold from its extension on; an extension never shortens it.",
    )
    max_extensions: int = Field(1, ge=0, le=10, description="Extensions a hold.")
    payment_window_seconds: int = Field(
        30 * MINUTE_SECONDS, ge=1, le=DAY_SECONDS, description="Time to pay, from the beginning of a payment."
    )
    cooldown_seconds: int = Field(
        10 * MINUTE_SECONDS,
        ge=0,
        le=DAY_SECONDS,
        description="Rest before one person holds the same mark again.",
    )
    same_mark_daily_cap: int = Field(
        3, ge=1, le=1_000, description="Holds of one mark by one person a local day."
    )
    live_holds_person: int = Field(3, ge=1, le=1_000, description="Live holds a person, over all pools.")
    live_holds_entity: int = Field(
        50, ge=1, le=1_000, description="Live holds a legal entity, over all pools."
    )
    operator_daily_cap: int = Field(400, ge=1, le=10_000, description="Holds an operator a local day.")
    feed_backlog_max: int = Field(
        1_000_000, ge=1, description="Transitions a pool not yet on disk before new holds stop (200 MB)."
    )

    # --- The keeper -------------------------------------------------------------------------------------
    keeper_lease_seconds: float = Field(
        6.0, ge=1, le=600, description="How long a keeper stays the active one without renewing."
    )
    keeper_watch_seconds: float = Field(
        1.0, gt=0, le=60, description="How often a keeper stands for election and looks at the clock."
    )
    clock_tolerance_seconds: float = Field(
        0.5, gt=0, le=60, description="How far the store's clock may step before nothing expires."
    )
    expiry_lease_seconds: float = Field(
        6.0, ge=2, le=600, description="How far ahead the right to expire is granted."
    )
    sweep_seconds: float = Field(1.0, gt=0, le=60, description="How often what is due is looked for.")
    journal_poll_seconds: float = Field(
        0.05, gt=0, le=10, description="Pause between two looks at the feed when it was empty."
    )
    journal_key_file: Path | None = Field(
        None, description="Private key that signs the journal, 32 bytes in hex; unset: made in `keys/`."
    )
    journal_checkpoint_seconds: float = Field(
        60.0, gt=0, le=3_600, description="Longest time that what was journalled stays unsigned."
    )
    feed_trim_seconds: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Least time that what is on disk stays in the feed, for replicas.",
    )

    # --- Pricing --------------------------------------------------------------------------------------
    tariff_lead_seconds: int = Field(
        10, ge=2, le=DAY_SECONDS, description="Least time between approval and the hour of effect."
    )
    law_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="How often a process looks for newly published tariffs."
    )

    @property
    def keys_dir(self) -> Path:
        """Where the demo profile keeps the keys that it made for itself."""
        return self.data_dir / "keys"

    @property
    def journal_dir(self) -> Path:
        """The journal's segments."""
        return self.data_dir / "journal"

    @property
    def journal_key_path(self) -> Path:
        """The private key that signs the journal; beside it, as `.retired`, earlier public keys."""
        return self.journal_key_file or self.keys_dir / "journal.key"

    @property
    def foundings_path(self) -> Path:
        """Which pools the journal tells of, each by the time of its founding."""
        return self.data_dir / "pools.foundings"

    @property
    def genesis_path(self) -> Path:
        """Which store the journal belongs to."""
        return self.data_dir / "store.genesis"

    @property
    def replica_path(self) -> Path:
        """The machine's shared bitmaps."""
        return self.data_dir / "replica.planes"

    @property
    def deadline_max_seconds(self) -> int:
        """The furthest ahead that a deadline is given."""
        return max(self.hold_ttl_seconds, self.extension_seconds, self.payment_window_seconds)

    @property
    def request_retention_seconds(self) -> int:
        """How long a request id has one answer: a day beyond the longest life of a hold (invariant 7)."""
        longest_hold = (
            self.hold_ttl_seconds + self.max_extensions * self.extension_seconds + self.payment_window_seconds
        )
        return DAY_SECONDS + longest_hold

    def refusals(self) -> list[SettingRefused]:
        """What this profile does not start with: all of it at once, empty when all is well."""
        if self.profile == "demo":
            return []
        return [
            SettingRefused(
                setting=PREFIX + name.upper(),
                found=str(getattr(self, name) or "not set"),
                needed=needed,
                mend=f"{PREFIX}{name.upper()}={mend}",
            )
            for name, needed, mend in PRODUCTION_NEEDS
            if getattr(self, name) == type(self).model_fields[name].default
        ]


def unknown_variables() -> list[str]:
    """Names in the environment that begin with ``PLATES_`` and are no setting: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known)
