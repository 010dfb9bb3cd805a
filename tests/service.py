"""The whole service, started as a user starts it, and a client of its HTTP API."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import redis

from infra.commands.status import program_status
from infra.host.home import Home
from tasks.config.redis_file import RedisAccess
from tasks.redis_keys import ASSIGNEE_KEY
from tests.servers import Process, eventually

JSON = "application/json"
#: What the idle service may hold (bytes, PSS).
IDLE_BYTES = 340 * 2**20
MLSERVICE = Path(sys.executable).parent / "mlservice"


class Service(Process):
    """A running `mlservice up` with a home of its own; `http` speaks to it as the first account.

    `within`: the folder in which its files are made; that of temporary files if none is given. `name`: what the home is
    called there. `mlservice`: the program, of another installation maybe.
    """

    def __init__(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        within: Path | None = None,
        name: str = "home",
        verify: ssl.SSLContext | bool = True,
        mlservice: Path = MLSERVICE,
    ) -> None:
        self._verify = verify
        self.folder = Path(tempfile.mkdtemp(prefix="ml-up-", dir=within))
        self.home = Home(self.folder / name)
        command: tuple[str | Path, ...] = (mlservice, "up", "--home", str(self.home.root), "--port", "0", *options)
        # One thread a train: two that wait for each other take ten times as long on a machine busy with other work.
        chosen = {"MLSERVICE_TRAIN_THREADS": "1", **(env or {})}
        # Not in the checkout, where a developer may have files of configuration.
        super().__init__(command, output=self.folder / "up.log", env=chosen, cwd=self.folder, grace_seconds=30)

    def begun(self) -> None:
        """Wait until it is ready, and sign in."""
        self.wait_for("is ready", seconds=60)
        self.url: str = json.loads((self.home.run / "service.json").read_text())["url"]
        self.http = httpx.Client(base_url=self.url, timeout=70, verify=self._verify)
        self.http.headers["Authorization"] = f"Bearer {self.token()}"

    def stop(self) -> None:
        """End it, and leave its files."""
        self.http.close()
        super().__exit__(None, None, None)

    def start_again(self, **env: str) -> None:
        """Start it anew, with the same files and more in its environment, after it has ended. Its address is another
        one."""
        if self._process:
            self.stop()
        self._env.update(env)
        # What is waited for is read in a new file.
        self._output.rename(self._output.with_name(f"up-{time.time_ns()}.log"))
        self.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if hasattr(self, "http"):
            self.http.close()
        if self._process:
            super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def redis_url(self) -> str:
        """The embedded Valkey, as the service's own processes reach it."""
        return self.home.remembered()["REDIS_URL"]

    def master(self, access: RedisAccess | None = None) -> redis.Redis:
        """A new client of the embedded Valkey that may do all; the caller closes it."""
        access = access or self.home.redis_access()
        socket = str(Path(self.home.service().sockets) / "valkey.sock")
        return redis.Redis(
            unix_socket_path=socket,
            username=access.master_user,
            password=access.master_password,
            socket_timeout=5,
        )

    @contextmanager
    def halted(self, program: str) -> Iterator[None]:
        """One program of the service stands still inside, as on a machine that hangs. What comes meanwhile waits in its
        queue: Redis assigns nothing to a process that has not said for a while that it waits."""
        pid = program_status(self.home.service())[program].pid
        os.killpg(pid, signal.SIGSTOP)
        try:
            if program == "worker-estimate":
                with self.master() as client:
                    client.delete(ASSIGNEE_KEY)
            yield
        finally:
            os.killpg(pid, signal.SIGCONT)

    def token(self) -> str:
        """A new token of the first account."""
        password = self.home.admin_password.read_text().strip()
        answer = httpx.post(f"{self.url}/v1/token", auth=("admin", password), verify=self._verify)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def wait_for_flower(self) -> None:
        """Flower starts when it is asked for."""
        assert self.http.get("/flower/").status_code == 200

    def estimators(self, *names: str) -> dict[str, Any]:
        """What the workers say of their estimators, by name, once these are among them: that is some time after they
        are ready."""

        def said() -> dict[str, Any] | None:
            listed = self.http.get("/v1/estimators").raise_for_status().json()["estimators"]
            found = {one["name"]: one for one in listed}
            return found if found.keys() >= set(names) else None

        return eventually(said, seconds=30, what=f"a description of {names}")

    def init(
        self, model: str, body: bytes | dict[str, Any], *, target: str, media: str = JSON, **params: str
    ) -> httpx.Response:
        """Submit a table and wait for the end."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": media, "Prefer": "wait=60"}
        return self.http.post(
            f"/v1/models/{model}/init", params={"target": target, **params}, content=content, headers=headers
        )

    def train(self, model: str, **body: Any) -> httpx.Response:
        """Submit a train and wait for the end."""
        return self.http.post(f"/v1/models/{model}/train", json=body, headers={"Prefer": "wait=60"})

    def estimate(self, model: str, body: bytes | dict[str, Any], *, media: str = JSON, **params: Any) -> httpx.Response:
        """Submit rows and wait for the predictions."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": media, "Prefer": "wait=60"}
        return self.http.post(f"/v1/models/{model}/estimate", params=params, content=content, headers=headers)
