"""The arrows between the packages, and what each process may load."""

from __future__ import annotations

import ast
import subprocess
import sys
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
#: What the gateway may import of tasks: the contract, never the work.
GATEWAY_TASKS = {
    *("contract", "errors", "settings", "groups", "ledger", "history", "registry"),
    *(
        "acceptance",
        "canary",
        "setting_values",
        "cancelling",
        "connection",
        "counts",
        "dead",
        "fleet",
        "blobs",
        "pressure",
        "work_counts",
        "scripts",
    ),
    "traces",
}
#: Where the environment may be read as the default of `Settings.load`.
EDGES = {"tasks/app.py", "gateway/asgi.py", "tasks/client.py"}


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


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_the_design_allows(package: str) -> None:
    for path in modules(package):
        ours = {name.split(".")[0] for name in imports(path)} & (ALLOWED.keys() | {"tests"})
        assert ours <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {ours - ALLOWED[package]}"


def test_gateway_imports_no_work() -> None:
    for path in modules("gateway"):
        ours = {name.split(".")[1] for name in imports(path) if name.startswith("tasks.")}
        assert ours <= GATEWAY_TASKS, f"{path.relative_to(ROOT)} imports tasks.{ours - GATEWAY_TASKS}"


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
                assert name == "tasks/config/settings.py", name


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
