"""The manifests for Kubernetes: that they fit each other, the service's settings, and the keys of its ledger."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.identity import keyfile
from infra.supervision.programs import DRAIN_SECONDS
from tasks.app import app
from tasks.config.redis_file import REDIS_FILE, redis_access
from tasks.config.settings import Settings
from tasks.contract import FLEETS, SYSTEM_FLEET, Kind, Lane
from tasks.redis_keys import PENDING_KEY
from tests.kubernetes import FOLDER, WORKLOADS, Manifest, containers, manifests, matches, of_kind, plans, pod, secrets

#: The names of all workloads.
NAMES: Final = {"gateway", "deliverer", "nginx", "flower", "redis", *(f"worker-{fleet}" for fleet in FLEETS)}
#: How much longer than a worker may go on its pod is left alone (seconds): it stops what runs, and gives back the rest.
MARGIN_SECONDS: Final = 30


def named(kind: str, name: str) -> Manifest:
    return next(manifest for manifest in of_kind(kind) if manifest["metadata"]["name"] == name)


@pytest.fixture(params=sorted(NAMES))
def workload(request: pytest.FixtureRequest) -> Manifest:
    return next(found for found in of_kind(*WORKLOADS) if found["metadata"]["name"] == request.param)


def settings() -> dict[str, str]:
    """What all overlays set, by variable."""
    generators = [made for plan in plans().values() for made in plan.get("configMapGenerator", ())]
    return dict(line.partition("=")[::2] for made in generators for line in made["literals"])


def test_there_is_a_workload_for_each_program() -> None:
    assert {found["metadata"]["name"] for found in of_kind(*WORKLOADS)} == NAMES


def test_a_pod_may_do_nothing_that_it_need_not(workload: Manifest) -> None:
    spec = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    # The variables that Kubernetes makes of Services may be refused as settings that there are not.
    assert spec["enableServiceLinks"] is False
    for container in containers(workload):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()


def test_a_pod_says_when_it_has_started_and_has_what_it_mounts(workload: Manifest) -> None:
    volumes = {volume["name"] for volume in pod(workload)["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", ())}
    mounted = {mount["name"] for container in containers(workload) for mount in container["volumeMounts"]}
    assert mounted == volumes
    for container in pod(workload)["containers"]:
        ports = {port["name"] for port in container.get("ports", ())}
        probes = [container[name] for name in ("startupProbe", "readinessProbe", "livenessProbe") if name in container]
        assert "startupProbe" in container
        asked = [probe[how]["port"] for probe in probes for how in ("httpGet", "tcpSocket") if how in probe]
        assert set(asked) <= ports


def test_each_variable_is_a_setting(workload: Manifest) -> None:
    given: dict[str, str] = {}
    for container in containers(workload):
        given |= {
            entry["name"]: entry.get("value", "redis://redis:6379/0")
            for entry in container.get("env", ())
            if entry["name"].startswith(("MLSERVICE_", "REDIS_")) and entry["name"] != "MLSERVICE_CONFIG"
        }
    Settings.load({**settings(), **given})


def test_secrets_are_those_that_the_script_makes() -> None:
    for found in of_kind(*WORKLOADS):
        for container in containers(found):
            for entry in container.get("env", ()):
                if "valueFrom" in entry:
                    asked = entry["valueFrom"]["secretKeyRef"]
                    assert asked["key"] in secrets()[asked["name"]]
        for volume in pod(found)["volumes"]:
            assert volume.get("secret", {}).get("secretName", "mlservice-redis") in secrets()
    for authentication in of_kind("TriggerAuthentication"):
        for asked in authentication["spec"]["secretTargetRef"]:
            assert asked["key"] in secrets()[asked["name"]]


def test_what_the_script_makes_is_what_the_programs_read(tmp_path: Path) -> None:
    made = secrets()
    file = tmp_path / REDIS_FILE
    file.parent.mkdir(parents=True)
    file.write_text(made["mlservice-redis-users"]["config.properties"])
    access = redis_access(file)
    assert access is not None
    assert access.celery_password == made["mlservice-redis"]["password"] != access.master_password
    assert made["mlservice-redis"]["url"] == f"redis://default:{access.celery_password}@redis:6379/0"
    keys = tmp_path / "token.keys"
    keys.write_text(made["mlservice-gateway"]["token.keys"])
    assert keyfile.read(keys)[0].ends_at is None


@pytest.mark.parametrize(
    ("url", "address", "username", "password"),
    [
        ("rediss://u:pw@[::1]/0?ssl_cert_reqs=required", "[::1]:6379", "u", "pw"),
        ("redis://:pw@host:7000", "host:7000", "", "pw"),
        ("redis://host", "host:6379", "", ""),
    ],
)
def test_an_outside_redis_is_taken_apart_for_keda(url: str, address: str, username: str, password: str) -> None:
    done = subprocess.run(
        ["sh", FOLDER / "secrets.sh"], env={**os.environ, "REDIS_URL": url}, capture_output=True, text=True, check=True
    )
    told = dict(re.findall(r"^  (\w+): '(.*)'$", done.stdout, re.MULTILINE))
    assert (told["url"], told["address"], told["username"], told["password"]) == (url, address, username, password)
    assert "mlservice-redis-users" not in done.stdout


@pytest.mark.parametrize("url", ["http://host", "redis://u:p%40w@host", "redis://u:p'w@host"])
def test_an_outside_redis_that_it_cannot_take_apart_is_refused_without_its_password(url: str) -> None:
    done = subprocess.run(
        ["sh", FOLDER / "secrets.sh"], env={**os.environ, "REDIS_URL": url}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "REDIS_URL" in done.stderr
    assert url not in done.stderr


def test_selectors_find_the_pods_that_they_are_for(workload: Manifest) -> None:
    name = workload["metadata"]["name"]
    assert matches(workload["spec"]["selector"]["matchLabels"], workload)
    ports = {port["name"] for container in containers(workload) for port in container.get("ports", ())}
    for service in of_kind("Service"):
        assert matches(service["spec"]["selector"], workload) == (service["metadata"]["name"] == name)
        if service["metadata"]["name"] == name:
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in of_kind("PodDisruptionBudget"):
        assert matches(budget["spec"]["selector"]["matchLabels"], workload) == (budget["metadata"]["name"] == name)


@pytest.mark.parametrize("fleet", FLEETS)
def test_a_worker_may_finish_before_its_pod_is_killed(fleet: str) -> None:
    found = named("Deployment", f"worker-{fleet}")
    (container,) = pod(found)["containers"]
    assert container["args"][:3] == ["worker", fleet, "--drain"]
    drain = float(container["args"][3])
    assert drain >= max(DRAIN_SECONDS, app.conf.worker_soft_shutdown_timeout)
    assert pod(found)["terminationGracePeriodSeconds"] >= drain + MARGIN_SECONDS


def test_who_waits_for_an_answer_gets_it_before_nginx_ends() -> None:
    found = pod(named("Deployment", "nginx"))
    (container,) = found["containers"]
    before, after = map(int, re.findall(r"sleep ([0-9]+)", container["lifecycle"]["preStop"]["exec"]["command"][-1]))
    longest = Settings().max_wait_seconds
    assert after > longest
    assert found["terminationGracePeriodSeconds"] >= before + after


def test_large_bodies_find_a_place() -> None:
    (volume,) = (volume for volume in pod(named("Deployment", "nginx"))["volumes"] if volume["name"] == "bodies")
    most = Settings().large_bodies * Settings().max_body_bytes
    assert int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30 > most


def test_everything_is_rolled_out_once_and_the_workers_before_the_gateway() -> None:
    stages = {
        (found["kind"], found["metadata"]["name"]): found["metadata"]["labels"]["rollout"] for found in manifests()
    }
    last = {key for key, stage in stages.items() if stage == "last"}
    deployments = {("Deployment", name) for name in ("gateway", "deliverer", "nginx", "flower")}
    assert last == {*deployments, ("Ingress", "mlservice")}
    assert set(stages.values()) == {"first", "last"}
    assert plans()["base"]["generatorOptions"]["labels"] == {"rollout": "first"}


def test_the_script_waits_for_every_worker_before_the_gateway(tmp_path: Path) -> None:
    told = tmp_path / "told"
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >> {told}\necho "  namespace: here"\n')
    kubectl.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(
        ["sh", FOLDER / "rollout.sh", "O"], env={**os.environ, "PATH": path}, check=True, capture_output=True
    )
    lines = told.read_text().splitlines()
    applied = [index for index, line in enumerate(lines) if line.startswith("apply -k O")]
    waited = {line.split()[4]: index for index, line in enumerate(lines) if line.startswith("rollout status -n here")}
    assert [lines[index].split()[-1] for index in applied] == ["rollout=first", "rollout=last"]
    assert all(applied[0] < waited[f"deployment/worker-{fleet}"] < applied[1] for fleet in FLEETS)
    assert waited["deployment/gateway"] > applied[1]


@pytest.mark.parametrize("fleet", sorted(FLEETS.keys() - {SYSTEM_FLEET}))
def test_workers_are_as_many_as_the_ledger_says(fleet: str) -> None:
    spec: Any = named("ScaledObject", f"worker-{fleet}")["spec"]
    named("Deployment", spec["scaleTargetRef"]["name"])
    counted = {trigger["name"]: trigger["metadata"]["listName"] for trigger in spec["triggers"]}
    assert counted == {
        f"{kind}_{lane.value}": PENDING_KEY.format(kind=Kind(kind), lane=lane)
        for kind in FLEETS[fleet]
        for lane in Lane
    }
    modifiers = spec["advanced"]["scalingModifiers"]
    assert sorted(modifiers["formula"].split(" + ")) == sorted(counted)
    assert modifiers["metricType"] == "AverageValue"
    assert spec["minReplicaCount"] == (0 if fleet == "train" else 2)
    (authentication,) = of_kind("TriggerAuthentication")
    assert {trigger["authenticationRef"]["name"] for trigger in spec["triggers"]} == {
        authentication["metadata"]["name"]
    }
    assert {trigger["type"] for trigger in spec["triggers"]} == {"redis"}


def test_every_file_is_part_of_an_overlay() -> None:
    listed = {
        (FOLDER / folder / name).resolve() for folder, plan in plans().items() for name in plan.get("resources", ())
    }
    files = {file for file in FOLDER.rglob("*.yaml") if file.name != "kustomization.yaml"}
    assert files == {path for path in listed if path.suffix == ".yaml"}
    used = {
        (FOLDER / folder / name).resolve() for folder, plan in plans().items() for name in plan.get("components", ())
    }
    assert used == set((FOLDER / "components").iterdir())
