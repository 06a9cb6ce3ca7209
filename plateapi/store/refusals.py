"""What the embedded store refuses, as one exception with a stable slug, a sentence and the way out.

Not here: refusals of the inventory (`plate_core.errors`) and problems of the API (`plateapi.problems`).
Look next at `server`, which raises most of these.
"""

from typing import Final

SLUGS: Final = (
    "append_only_damaged",
    "append_only_missing",
    "binary_missing",
    "data_dir_not_ours",
    "data_dir_open_to_others",
    "data_dir_unusable",
    "owner_foreign",
    "owner_silent",
    "settings_differ",
    "socket_dir_unsafe",
    "start_failed",
    "stop_failed",
    "store_not_running",
    "version_differs",
)


class StoreRefused(Exception):
    """The embedded store will not start, or may not be attached to.

    Args:
        slug: one of `SLUGS`, for programs.
        sentence: what was found, for people.
        mend: what to do about it, a command where there is one.
    """

    def __init__(self, slug: str, sentence: str, mend: str) -> None:
        if slug not in SLUGS:
            raise ValueError(f"unknown slug {slug!r}")
        super().__init__(f"{sentence} {mend}")
        self.slug = slug
        self.sentence = sentence
        self.mend = mend
