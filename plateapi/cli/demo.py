"""`plates demo`: the country as it might look on opening day, a registry made up and imported.

Where the service runs it imports into it; where nothing runs it starts the store and a keeper, imports, and
stops them: the next `plates up` finds the data.
"""

import threading
from pathlib import Path

from plateapi.cli.exits import Exit
from plateapi.cli.registry import import_file, make_demo
from plateapi.cli.telling import complain
from plateapi.cli.up import runfile
from plateapi.cli.up.boot import URL_VARIABLE, load_store, start_or_find_store
from plateapi.cli.up.child import Child
from plateapi.cli.up.conductor import Conductor
from plateapi.settings import Settings
from plateapi.store.directory import DataDirectory


def fill(*, rows: int, seed: int, as_json: bool) -> Exit:
    """Make up a registry and import it."""
    settings = Settings()
    directory = DataDirectory(settings.data_dir)
    directory.prepare()
    # Named after what it is made of: another size or seed is another file.
    path = settings.data_dir / f"demo-registry-{rows}-{seed}.parquet"
    if not path.exists():
        made = make_demo(path, rows=rows, seed=seed, as_json=as_json)
        if made != Exit.DONE:
            return made
    run = runfile.take_run(settings.data_dir)
    if run is None:
        return import_file(path, as_json=as_json)
    with run:
        return _import_alone(settings, directory, path, as_json=as_json)


def _import_alone(settings: Settings, directory: DataDirectory, path: Path, *, as_json: bool) -> Exit:
    """Import while nothing else runs: the keeper comes along, because what happens belongs in the journal."""
    runfile.end_leftovers(settings.data_dir)
    url, store = start_or_find_store(settings, complain)
    settings = settings.model_copy(update={"redis_url": url})
    keeper = Child("keeper", "plateapi.keeper", directory.log / "keeper.log", {URL_VARIABLE: url})
    with Conductor([keeper], store, complain) as conductor:
        load_store(settings, complain, threading.Event(), embedded=store is not None)
        conductor.start()
        return import_file(path, as_json=as_json)
