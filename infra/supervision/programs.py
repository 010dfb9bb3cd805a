"""The programs that `mlservice up` runs, and the configuration of the supervisor that keeps them running."""

from __future__ import annotations

import configparser
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from tasks.contract import FLEETS

#: How long a worker may finish what it has begun when the stack stops.
DRAIN_SECONDS: Final = 3
#: glibc keeps up to 8 arenas a core, one a thread that allocates; two save memory and cost nothing here.
LEAN: Final = {"MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"}
#: The socket on which the deliverer of webhooks is asked for.
DELIVERER_SOCKET: Final = "webhooks.sock"
#: The commands whose code the supervisor imports for them.
WARM: Final = ("worker", "sync", "flower", "deliverer")
#: A row is predicted faster by one thread than by several, and processes are what uses the cores.
ONE_THREAD: Final = {**LEAN, "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One supervised program."""

    name: str
    #: What `python -m infra` is told to run.
    command: tuple[str, ...]
    #: Groups stop one after the other, the one with the highest rank first; within a group all stop at once.
    group: str
    rank: int
    stop_signal: str = "TERM"
    #: What has it replace its processes one by one, so that somebody answers all the time; empty if it cannot.
    renew_signal: str = ""
    #: After so long it is killed, with all its children.
    stop_seconds: int = 4
    environment: dict[str, str] = field(default_factory=lambda: dict(ONE_THREAD))
    #: The socket, in the folder of sockets, on which it is started when somebody asks for it; empty: it runs always.
    asked_on: str = ""
    #: Whether one of those that are started when somebody asks is started again if it ends otherwise than by itself.
    goes_on: bool = False
    #: False: started once the service is ready, so that it does not take the cores from what is needed for that. A
    #: train that goes on after a restart would take them all.
    at_once: bool = True

    @property
    def warm(self) -> bool:
        """Whether the supervisor forks it from itself, once it has imported what workers need (`warm.py`)."""
        return self.command[0] in WARM


def programs(*, embedded: bool, mcp: bool = False) -> list[Program]:
    """All programs, in the order of their start; without Valkey if Redis is elsewhere. `mcp`: with the endpoint for
    agents."""
    valkey = Program(name="valkey", command=("valkey",), group="store", rank=10, stop_seconds=3, environment={})
    sync = Program(
        name="valkey-sync", command=("sync",), group="store", rank=10, stop_seconds=3, environment=dict(LEAN)
    )
    agents = Program(
        name="mcp", command=("mcp", "--on-demand"), group="mcp", rank=45, stop_seconds=3, asked_on="mcp.sock"
    )
    return [
        *([valkey, sync] if embedded else []),
        *(_worker(fleet) for fleet in FLEETS),
        # Before NGINX, so that requests that wait get their answer through it, and later ones a refusal.
        Program(name="gateway", command=("gateway",), group="gateway", rank=50, renew_signal="HUP"),
        Program(
            name="nginx",
            command=("nginx",),
            group="nginx",
            rank=40,
            stop_signal="QUIT",
            renew_signal="HUP",
            stop_seconds=2,
        ),
        Program(
            name="flower",
            command=("flower", "--on-demand"),
            group="flower",
            rank=30,
            stop_seconds=1,
            asked_on="flower.sock",
        ),
        Program(
            name="deliverer",
            command=("deliverer", "--on-demand"),
            group="deliverer",
            rank=30,
            # It may be killed at any moment, and has until the supervisor's next look to let another deliver.
            stop_seconds=0,
            asked_on=DELIVERER_SOCKET,
            goes_on=True,
        ),
        *([agents] if mcp else []),
    ]


def _worker(fleet: str) -> Program:
    return Program(
        name=f"worker-{fleet}",
        command=("worker", fleet, "--drain", str(DRAIN_SECONDS)),
        group="background",
        rank=30,
        # Celery's soft shutdown: finish what has begun for a while, then give it back to the queue.
        stop_signal="QUIT",
        stop_seconds=DRAIN_SECONDS + 6,
        environment=dict(LEAN if fleet == "train" else ONE_THREAD),
        at_once=fleet == "estimate",
    )


def write_supervisor(file: TextIO, chosen: list[Program]) -> None:
    """The supervisor's configuration, to be kept in the home's `run`.

    No path of this machine is written into it, because no quoting protects every path there: it names variables and
    files relative to `run`, where the supervisor is started.
    """
    config = configparser.RawConfigParser()
    config["supervisord"] = {
        "logfile": "../logs/supervisord.log",
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "pidfile": "supervisord.pid",
        "childlogdir": "../logs",
        "nodaemon": "true",
        "silent": "true",
        "umask": "077",
    }
    config["unix_http_server"] = {"file": "%(ENV_SOCKETS_DIR)s/supervisor.sock", "chmod": "0700"}
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for program in chosen:
        # supervisord listens in the place of programs of FastCGI, and each is a group by itself.
        config[f"{'fcgi-program' if program.asked_on else 'program'}:{program.name}"] = _section(program)
    always = [program for program in chosen if not program.asked_on]
    for group in dict.fromkeys(program.group for program in always):
        members = [program for program in always if program.group == group]
        config[f"group:{group}"] = {
            "programs": ",".join(program.name for program in members),
            "priority": str(members[0].rank),
        }
    config.write(file)


def _section(program: Program) -> dict[str, str]:
    # The interpreter is found through PATH, whose first entry `up` makes the folder of this one.
    command = [Path(sys.executable).name, "-P", "-m", "infra", *program.command]
    return {
        "command": shlex.join(command),
        "environment": ",".join(f'{name}="{value}"' for name, value in program.environment.items()),
        "autostart": str(program.at_once and not (program.warm or program.asked_on)).lower(),
        "autorestart": "unexpected" if program.goes_on else str(not program.asked_on).lower(),
        # A program is running once it is started: what dies at once is started again (after a pause,
        # see launch.py) instead of being given up.
        "startsecs": "0",
        "startretries": "1000000",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(program.stop_seconds),
        "killasgroup": "true",
        "stdout_logfile": f"../logs/{program.name}.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
        **_errors(program),
        **_socket(program),
    }


def _socket(program: Program) -> dict[str, str]:
    if not program.asked_on:
        return {}
    # A group of its own has the rank of its program.
    return {
        "socket": f"unix://%(ENV_SOCKETS_DIR)s/{program.asked_on}",
        "socket_mode": "0700",
        "priority": str(program.rank),
    }


def _errors(program: Program) -> dict[str, str]:
    # NGINX writes its access log to one and its error log to the other; the rest write one log to either.
    if program.name != "nginx":
        return {"redirect_stderr": "true"}
    return {
        "stderr_logfile": "../logs/nginx-errors.log",
        "stderr_logfile_maxbytes": "10MB",
        "stderr_logfile_backups": "2",
    }
