"""The rooms of plateapi: who imports whom, and that no route goes past the gate; each check seen to fail."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from plateapi import app as composition
from plateapi.edge.room import GatedRoute
from plateapi.people import Role
from plateapi.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

# What FastAPI and Starlette offer for declaring a route otherwise. Only a room's own `route` knows the gate.
PAST_THE_GATE = {
    "add_api_route",
    "add_route",
    "api_route",
    "delete",
    "get",
    "head",
    "include_router",
    "mount",
    "options",
    "patch",
    "post",
    "put",
    "websocket",
}
GATE = "plateapi/edge/room.py"


def broken_contracts(root: Path) -> list[str]:
    """The import contracts of pyproject.toml that a tree breaks, by name."""
    done = subprocess.run(
        [LINTER, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root), "COLUMNS": "400", "PATH": "/usr/bin:/bin"},
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return sorted(
        {line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith("BROKEN")}
    )


def test_every_room_keeps_to_its_neighbours() -> None:
    """No import of plateapi or the facade goes a way that is not permitted."""
    assert broken_contracts(ROOT) == []


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("plateapi/drivers/holds.py", "import plateapi.operators.desk", "Rooms do not know each other"),
        ("plateapi/services/hold_mark.py", "import fastapi", "Services speak to the facade"),
        ("plateapi/services/hold_mark.py", "import redis", "Services speak to the facade"),
        ("plateapi/services/hold_mark.py", "import plateapi.identity", "Services speak to the facade"),
        ("plateapi/pricing/drafts.py", "import redis", "Rooms reach the store only through services"),
        ("plateapi/edge/visit.py", "import plateapi.audit", "The gate knows no room"),
    ],
)
def test_a_wrong_neighbour_is_seen(tmp_path: Path, module: str, planted: str, contract: str) -> None:
    """Each contract names the import that is planted against it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "plateapi", tmp_path / "plateapi", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / module
    source.write_text(source.read_text(encoding="utf-8") + f"\n{planted}\n", encoding="utf-8")
    assert any(name.startswith(contract) for name in broken_contracts(tmp_path))


def undeclared_routes(name: str, source: str) -> list[str]:
    """Routes of a file that declare no roles, or that are declared past the gate."""
    return [sentence for node in ast.walk(ast.parse(source)) for sentence in _judge(name, node)]


def _judge(name: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
                continue
            way = decorator.func.attr
            if way in PAST_THE_GATE:
                yield f"{name}: {node.name} goes past the gate by {way}"
            if way == "route" and "roles" not in {keyword.arg for keyword in decorator.keywords}:
                yield f"{name}: {node.name} declares no roles"
    adding = {"add_api_route", "add_route", "include_router", "mount"}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in adding:
        yield f"{name}: a route goes past the gate by {node.func.attr}"


def test_every_route_declares_its_roles() -> None:
    """In the source, each route of plateapi is a room's, with roles."""
    found = []
    for path in sorted((ROOT / "plateapi").rglob("*.py")):
        found += undeclared_routes(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    assert found == []


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ('@room.route("GET", "/x")\nasync def x(): ...', "f.py: x declares no roles"),
        ('@app.get("/x")\nasync def x(): ...', "f.py: x goes past the gate by get"),
        ('@router.post("/x")\ndef x(): ...', "f.py: x goes past the gate by post"),
        ("app.include_router(router)", "f.py: a route goes past the gate by include_router"),
        ('app.add_route("/x", x)', "f.py: a route goes past the gate by add_route"),
    ],
)
def test_a_route_without_a_declaration_is_seen(source: str, sentence: str) -> None:
    """The reading of the source names each planted fault."""
    assert undeclared_routes("f.py", source) == [sentence]


def test_a_room_takes_no_route_without_roles() -> None:
    """Besides, a route without roles does not even import."""
    with pytest.raises(TypeError, match="roles"):
        composition.ROOMS[0].route("GET", "/x")  # type: ignore[call-arg]


def test_the_app_serves_declared_routes_only(tmp_path: Path) -> None:
    """Whatever the source says, what is served is exactly what the rooms declare."""
    app = composition.create_app(Settings(data_dir=tmp_path))
    rooms = composition.all_rooms(demo=True)
    declared = {(one.method, one.path) for room in rooms for one in room.declared}
    served = set()
    for route in app.router.routes:
        assert isinstance(route, (GatedRoute, Route))
        served |= {(method, route.path) for method in route.methods or () if method != "HEAD"}
    assert served == declared | {("GET", "/openapi.json"), ("GET", "/docs")}


def test_no_desk_route_can_pay() -> None:
    """Invariant 4: nothing that an operator, a service or a driver may call settles a payment."""
    paid = {"settle_payment", "confirm_refund"}
    acting = {Role.OPERATOR, Role.SERVICE, Role.DRIVER}
    for room in composition.all_rooms(demo=True):
        for declared in room.declared:
            if acting & set(declared.roles if isinstance(declared.roles, tuple) else ()):
                assert not paid & set(declared.endpoint.__code__.co_names)
    notifying = [
        declared.path
        for room in composition.all_rooms(demo=False)
        for declared in room.declared
        if "payments/" in declared.endpoint.__code__.co_filename
    ]
    assert notifying == ["/v1/payments/notifications"]
