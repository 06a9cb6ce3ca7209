"""What an operator does with a cluster: serve it, lose it, rebuild it, and refuse one that was changed.

Each of these runs on both servers. What a cluster keeps while its nodes die is tested in ``tests/store``.
"""

import asyncio
import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from plate_core import Inventory, Journal, Mark, RuleBook
from plateapi.cli.equality import refuse_difference
from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed
from plateapi.keeper.journaling import POOLS_WITHOUT_MARKS, journal_round
from plateapi.keeper.seal import signing_key
from plateapi.settings import Settings
from proof.kept import Contents, contents_of_cluster
from tests.cli.commands import Ran, plates
from tests.cli.service import Service
from tests.clusters import PRIMARIES, StoreCluster, running_cluster
from tests.facade.citizens import Citizen, official, open_country, payment_of
from tests.personas import new_iin

pytestmark = pytest.mark.xdist_group("cluster_commands")

# Each on a primary of its own.
POOLS = ("person_car.01", "person_car.02", "person_car.03")


@pytest.fixture(scope="module", params=["valkey", "redis"])
def cluster(request: pytest.FixtureRequest) -> Iterator[StoreCluster]:
    """A cluster for all of these tests; each begins by emptying it."""
    with running_cluster(request.param) as one:
        yield one


def empty(cluster: StoreCluster) -> None:
    """Forget all data and functions, as a cluster that was formed a moment ago."""
    for node in cluster.nodes[:PRIMARIES]:
        node.ask("FLUSHALL")
        node.ask("FUNCTION", "FLUSH")


async def sell(inventory: Inventory, book: RuleBook) -> list[Mark]:
    """A held mark in each pool, a paid one, one from the registry, and a document."""
    await open_country(inventory, book, list(POOLS))
    marks = [book.mark_at(pool, 1_025) for pool in POOLS]
    for number, mark in enumerate(marks):
        await Citizen(f"holder-{number}").hold(inventory, book, mark)
    buyer = Citizen("buyer")
    held = await buyer.hold(inventory, book, book.mark_at(POOLS[1], 1_026))
    assert held.live is not None
    row = (buyer.act(), held.mark, held.live.hold_id, held.live.revision)
    assert [answer.outcome for answer in await inventory.begin_payment([row])] == ["payment_begun"]
    paid = (buyer.act(), held.mark, payment_of(held, "transfer-1"))
    assert [answer.outcome for answer in await inventory.confirm([paid])] == ["allotted"]
    await inventory.import_issued(official(), POOLS[2], (2_049).to_bytes(4, "little"))
    await inventory.put_document(official(), "tariff/draft/1", b"{}", expected_version=0)
    return marks


async def journalled_sale(
    cluster: StoreCluster, book: RuleBook, settings: Settings
) -> tuple[list[Mark], Contents]:
    """A sale on an empty cluster, in the journal to its end: what was sold, and all that the cluster held."""
    empty(cluster)
    inventory = Inventory.open(cluster.url, book)
    journal = Journal.open(settings.journal_dir, signing_key=signing_key(settings))
    try:
        await inventory.check_contract()
        marks = await sell(inventory, book)
        done = await journal_round(inventory, journal, [*book.pools(), *POOLS_WITHOUT_MARKS])
        for pool, head in done.heads.items():
            await inventory.trim_feed(pool, head)
    finally:
        journal.close()
        inventory.close()
    return marks, contents_of_cluster(cluster.nodes[:PRIMARIES])


async def compared(cluster: StoreCluster, book: RuleBook, settings: Settings) -> str:
    """What the comparison at a start says."""
    said: list[str] = []
    inventory = Inventory.open(cluster.url, book)
    try:
        await refuse_difference(inventory, book, settings, said.append, embedded=False)
    finally:
        inventory.close()
    return said[-1]


async def refused(cluster: StoreCluster, book: RuleBook, settings: Settings) -> str:
    """Why the comparison at a start refuses."""
    with pytest.raises(CommandFailed) as failed:
        await compared(cluster, book, settings)
    assert (failed.value.slug, failed.value.exit_code) == ("store_differs_from_journal", Exit.NOT_STARTED)
    return failed.value.detail


async def restore(cluster: StoreCluster, settings: Settings) -> Ran:
    """`plates restore` into the cluster."""
    command = functools.partial(plates, "restore", "--json", data_dir=settings.data_dir)
    return await asyncio.to_thread(functools.partial(command, PLATES_REDIS_URL=cluster.url))


async def test_a_lost_cluster_is_rebuilt_from_its_journal(
    cluster: StoreCluster, book: RuleBook, tmp_path: Path
) -> None:
    """Primaries and replicas have what the lost ones had; a cluster that has anything is left untouched."""
    settings = Settings(data_dir=tmp_path / "var", redis_url=cluster.url)
    marks, lost = await journalled_sale(cluster, book, settings)
    primaries = cluster.nodes[:PRIMARIES]
    assert len({cluster.primary_of(pool).address for pool in POOLS}) == PRIMARIES
    untouched = await restore(cluster, settings)
    assert (untouched.code, untouched.line["type"]) == (Exit.REFUSED, "urn:plates:problem:store_not_empty")
    assert contents_of_cluster(primaries) == lost
    empty(cluster)
    done = await restore(cluster, settings)
    assert (done.code, done.line["records"], done.line["payments"]) == (0, 4, 1)
    assert contents_of_cluster(primaries) == lost
    assert contents_of_cluster([cluster.replica_of(node) for node in primaries]) == lost
    assert "4 records" in await compared(cluster, book, settings)
    inventory = Inventory.open(cluster.url, book)
    try:
        known = settings.genesis_path.read_text().strip()
        assert (await inventory.check_contract(known))["id"] == done.line["store"] == known
        await inventory.load_functions()
        # As a start does it: no transition tells of them.
        await inventory.configure_limits({"live_holds_person": 3})
        late = await Citizen("late").hold(inventory, book, marks[0])
        assert late.outcome == "held_by_another"
    finally:
        inventory.close()


async def test_a_changed_cluster_is_refused_by_name(
    cluster: StoreCluster, book: RuleBook, tmp_path: Path
) -> None:
    """A record, a plane, a pool, all of a primary, changed behind its back; before that all is well."""
    settings = Settings(data_dir=tmp_path / "var", redis_url=cluster.url)
    marks, lost = await journalled_sale(cluster, book, settings)
    assert "4 records" in await compared(cluster, book, settings)
    for pool, mark in zip(POOLS, marks, strict=True):
        with cluster.primary_of(pool).client(as_text=False) as client:
            key, field = f"{{{pool}}}:live", mark.ordinal.to_bytes(4, "little")
            whole = client.hget(key, field)
            client.hset(key, field, whole[:45] + bytes([whole[45] ^ 1]) + whole[46:])
            assert f"{mark.display}: mark" in await refused(cluster, book, settings)
            client.hset(key, field, whole)
            bit = 2 * 11 + 1
            client.setbit(f"{{{pool}}}:planes", bit, 1 - client.getbit(f"{{{pool}}}:planes", bit))
            assert f"{book.mark_at(pool, 11).display}: mark" in await refused(cluster, book, settings)
            client.setbit(f"{{{pool}}}:planes", bit, 1 - client.getbit(f"{{{pool}}}:planes", bit))
    assert contents_of_cluster(cluster.nodes[:PRIMARIES]) == lost
    assert "4 records" in await compared(cluster, book, settings)
    with cluster.primary_of(POOLS[0]).client() as client:
        client.delete(*client.keys(f"{{{POOLS[0]}}}:*"))
    assert f"{POOLS[0]}: the store has no such pool" in await refused(cluster, book, settings)
    cluster.primary_of(POOLS[2]).ask("FLUSHALL")
    assert f"{POOLS[2]}: the store has no such pool" in await refused(cluster, book, settings)


def test_a_cluster_is_served_stopped_and_served_again(cluster: StoreCluster, tmp_path: Path) -> None:
    """A hold over HTTP, the doctor, the journal, a second start that compares, and one that refuses."""
    empty(cluster)
    law = shutil.copytree(
        Settings().patterns_dir, tmp_path / "law", ignore=shutil.ignore_patterns("withheld")
    )
    names = {"PLATES_REDIS_URL": cluster.url, "PLATES_PATTERNS_DIR": str(law)}
    service = Service(tmp_path / "var", **names).wait_until_ready()
    try:
        token = service.token(new_iin())
        code, [held] = service.plates("hold", "345KZB03", PLATES_TOKEN=token)
        assert (code, held["state"]) == (0, "held")
        code, findings = service.plates("doctor")
        well = {finding["subject"] for finding in findings if finding["judgement"] == "well"}
        assert code == 0, findings
        assert {"store", "store clock", "pools", "keeper", "replica", "journal", "service"} <= well
    finally:
        assert service.stop() == 0
    code, [verified] = service.plates("journal", "verify")
    assert (code, verified["entries_unsigned"]) == (0, 0)
    again = Service(tmp_path / "var", **names).wait_until_ready()
    try:
        assert "the store is what its journal tells" in again.text
        code, [refused] = again.plates("hold", "345KZB03", PLATES_TOKEN=again.token(new_iin()))
        assert (code, refused["type"]) == (3, "urn:plates:problem:held_by_another")
    finally:
        assert again.stop() == 0
    with cluster.primary_of("person_car.03").client() as client:
        client.delete("{person_car.03}:live")
    changed = Service(tmp_path / "var", **names)
    assert changed.process.wait(60) == Exit.NOT_STARTED
    assert "345 KZB 03" in changed.text
    cluster.primary_of("s0").ask("FLUSHALL")
    emptied = Service(tmp_path / "var", **names)
    assert emptied.process.wait(60) == Exit.NOT_STARTED
    assert "genesis is nothing" in emptied.text
