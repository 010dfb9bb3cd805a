"""The arrows between the packages, and what each process may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What each package may import of ours.
ALLOWED = {
    "tasks": {"tasks"},
    "gateway": {"gateway", "tasks"},
    "monitoring": {"monitoring", "gateway", "tasks"},
    "infra": {"infra", "monitoring", "gateway", "tasks"},
}
#: The order of the house, from the ground up. What stands in a row imports only from the rows above it here, and from
#: its own wing. Names without a folder are the faces: the only modules that lie directly in a package.
ORDER: dict[str, tuple[tuple[str, ...], ...]] = {
    "tasks": (
        ("contract", "errors", "formatting", "importing", "strikes", "threads"),
        ("redis_keys",),
        ("config", "tables"),
        ("storage", "estimators", "protocols"),
        ("ledger", "conformance", "sources", "native", "cluster"),
        ("registry", "telemetry"),
        ("worker", "watch", "webhooks"),
        ("upkeep", "reports", "search", "calling"),
        ("learning",),
        ("exchange",),
        ("init", "train", "estimate", "client"),
        ("app", "testing"),
    ),
    "gateway": (
        ("wiring", "web"),
        ("identity",),
        ("commit", "metrics"),
        ("resources", "serving"),
        ("collaborators",),
        ("routes",),
        ("app",),
        ("server", "asgi"),
    ),
    "infra": (
        ("host",),
        ("arguments", "redis_server", "nginx", "projects"),
        ("supervision", "backup", "agents"),
        ("commands", "demo"),
        ("cli",),
        ("__main__",),
    ),
}
#: What the gateway may import of tasks: what knows no model, never the work.
GATEWAY_TASKS = {
    *("contract", "errors", "formatting", "redis_keys", "strikes", "threads"),
    *("config.redis_address", "config.redis_tls", "config.settings", "config.values"),
    *("storage.blobs", "storage.connection", "storage.redis_clock"),
    *("storage.replicas", "storage.scripts", "storage.stores"),
    *(
        f"ledger.{module}"
        for module in (
            *(
                "store",
                "acceptance",
                "groups",
                "outcomes",
                "history",
                "cancelling",
                "dead_letters",
                "backpressure",
                "canary",
            ),
            *("counts", "work_counts", "fleet", "task_lists", "telling", "activity", "working"),
        )
    ),
    *(
        f"registry.{module}"
        for module in (
            *("models_registry", "records", "names", "aliases", "deleting", "drift", "exports", "history"),
            *("descriptions", "lineage", "listing", "notes", "noting", "offers", "version_reports"),
        )
    ),
    *("protocols.names", "sources.known"),
    *(
        f"webhooks.{module}"
        for module in ("addresses", "asked", "counters", "happenings", "journal", "records", "signing", "store")
    ),
    *("telemetry.traces", "telemetry.tracing"),
}
#: How many lines a module may have.
MOST_LINES = 250
#: Where the environment may be read as the default of `Settings.load`.
EDGES = {"tasks/app.py", "gateway/asgi.py"}
#: What takes it by default, and so reads it for them.
READERS = {"tasks/config/settings.py", "tasks/config/home.py"}


@cache
def imports(path: Path) -> set[str]:
    """The dotted names that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    """A module's name as it is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def graph(package: str) -> dict[str, set[str]]:
    """The modules of a package, and which of them each imports, also late or for types only."""
    names = {dotted(path): path for path in modules(package) if path.name != "__init__.py"}
    return {name: (imports(path) & names.keys()) - {name} for name, path in names.items()}


def place(module: str) -> str:
    """The wing of a module, or the face that it is."""
    return module.split(".")[1]


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_the_design_allows(package: str) -> None:
    for path in modules(package):
        ours = {name.split(".")[0] for name in imports(path)} & (ALLOWED.keys() | {"tests"})
        assert ours <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {ours - ALLOWED[package]}"


@pytest.mark.parametrize("package", ORDER)
def test_wings_stand_on_those_below(package: str) -> None:
    level = {name: number for number, row in enumerate(ORDER[package]) for name in row}
    for module, imported in graph(package).items():
        wrong = {
            other for other in imported if place(other) != place(module) and level[place(other)] >= level[place(module)]
        }
        assert not wrong, f"{module} imports {wrong}, which stand beside or above it"


@pytest.mark.parametrize("package", [*ORDER, "monitoring"])
def test_no_modules_import_each_other(package: str) -> None:
    circle = find_circle(graph(package))
    assert not circle, " -> ".join(circle)


@pytest.mark.parametrize("package", ORDER)
def test_only_faces_lie_outside_wings(package: str) -> None:
    found = {path.name for path in (ROOT / package).iterdir() if path.suffix == ".py" and path.name != "__init__.py"}
    named = {name for row in ORDER[package] for name in row}
    wings = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert {f"{name}.py" for name in named - wings} == found
    assert wings <= named, f"{wings - named} have no place in ORDER"


@pytest.mark.parametrize("package", ORDER)
def test_a_wing_says_what_lives_there_and_no_more(package: str) -> None:
    for path in (ROOT / package).glob("*/__init__.py"):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        assert len(tree.body) == 1, f"{path} is one docstring"
        assert not (path.parent / f"{path.parent.name}.py").exists(), f"a module has the name of its wing: {path}"


def test_unit_tests_mirror_the_wings() -> None:
    unit = ROOT / "tests" / "unit"
    for path in unit.rglob("test_*.py"):
        package, *wing = path.relative_to(unit).parent.parts
        assert package == "harness" or (ROOT / package / Path(*wing)).is_dir(), path


@pytest.mark.parametrize("package", ALLOWED)
def test_modules_are_small(package: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(package)}
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES}
    assert not long, f"more than {MOST_LINES} lines: {long}; give each thing that a module is about one of its own"


def find_circle(arrows: dict[str, set[str]]) -> list[str]:
    """The names along one circle; nothing if there is none."""
    done: set[str] = set()

    def follow(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        done.add(name)
        return next((circle for other in sorted(arrows[name]) if (circle := follow(other, [*trail, name]))), [])

    return next((circle for name in sorted(arrows) if (circle := follow(name, []))), [])


def test_a_circle_is_found() -> None:
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_gateway_imports_no_work() -> None:
    ours = {dotted(path).removeprefix("tasks.") for path in modules("tasks")}
    for path in modules("gateway"):
        imported = {name.removeprefix("tasks.") for name in imports(path) if name.startswith("tasks.")} & ours
        assert imported <= GATEWAY_TASKS, f"{path.relative_to(ROOT)} imports tasks.{imported - GATEWAY_TASKS}"


def test_estimators_know_no_celery_redis_or_environment() -> None:
    forbidden = {"celery", "kombu", "redis", "os"}
    for path in modules("tasks/estimators"):
        outside = {name.split(".")[0] for name in imports(path)}
        assert not outside & forbidden, f"{path.relative_to(ROOT)} imports {outside & forbidden}"


def test_nothing_pickles() -> None:
    for package in ALLOWED:
        for path in modules(package):
            names = {name.split(".")[0] for name in imports(path)}
            assert not names & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}, path


def test_environment_is_read_at_the_edges_only() -> None:
    for package in ("tasks", "gateway"):
        for path in modules(package):
            name = str(path.relative_to(ROOT))
            if "Settings.load()" in path.read_text():
                assert name in EDGES, name
            if "os.environ" in path.read_text():
                assert name in READERS, name


def loaded(code: str) -> set[str]:
    """The top-level modules that are loaded after running code in a new process."""
    script = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    environment = {"MLSERVICE_TOKEN_KEY": "k" * 40, "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    return set(done.stdout.split())


def test_gateway_loads_no_model_code() -> None:
    assert not loaded("import gateway.asgi") & {"numpy", "pyarrow", "lightgbm", "sklearn", "scipy", "pandas", "celery"}


def test_client_and_system_worker_load_no_model_code() -> None:
    code = "import tasks.client, tasks.app; tasks.app.app.loader.import_default_modules()"
    assert not loaded(code) & {"numpy", "pyarrow", "lightgbm", "sklearn", "scipy", "pandas", "gateway"}


def test_flower_loads_nothing_of_the_gateway_but_its_keys_files() -> None:
    assert not loaded("import infra.supervision.flower") & {"falcon", "jwt", "argon2"}


def test_no_table_is_made_at_import() -> None:
    """Arrow's allocator begins with its first use: before the fork that would cost an idle service tens of MiB."""
    code = (
        "import pyarrow, tasks.learning.ingest, tasks.learning.predicting, tasks.learning.fitting;"
        "print(pyarrow.default_memory_pool().max_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "0\n"
