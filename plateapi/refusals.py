"""A refusal as the services speak it: a slug and the facts that go with it. No status, no language.

What a refusal looks like over HTTP stands in one table, ``plateapi/problems.py``.
"""


class Refused(Exception):
    """An act that was not done, and why.

    ``slug`` is an outcome of docs/reference/outcomes.md or another entry of the table of problems;
    ``facts`` are JSON values for the asker, never about anybody else.
    """

    def __init__(self, slug: str, **facts: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.facts = facts
