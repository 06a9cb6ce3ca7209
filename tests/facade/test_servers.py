"""The servers of the tests are real, empty, and survive what a test does to them."""

from tests.servers import StoreServer


def test_a_store_is_empty_and_answers(store: StoreServer) -> None:
    """A test begins on a store without keys and libraries, with settings that lose nothing."""
    with store.client() as client:
        assert client.dbsize() == 0
        assert client.function_list() == []
        assert client.config_get("appendfsync") == {"appendfsync": "always"}


def test_a_killed_store_comes_back_with_its_data(store: StoreServer) -> None:
    """Restarting after kill -9 keeps what was acknowledged."""
    with store.client() as client:
        client.set("k", "v")
    store.restart()
    with store.client() as client:
        assert client.get("k") == b"v"
