"""An inventory over each real server, as the facade's tests have it."""

from tests.facade.conftest import inventory

__all__ = ["inventory"]
