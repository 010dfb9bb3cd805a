"""`mlservice up`: the whole service on this machine, until it is told to stop."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gateway.identity import keyfile
from gateway.identity.links import new_code
from infra.host.address import Address, free_address
from infra.host.exposure import warn_of_exposure
from infra.host.home import FLOWER_HTTP_PASSWORD, TEMPORARY, Home
from infra.host.limits import check_limits
from infra.host.notifying import READY, STOPPING, notify, patience
from infra.host.notifying import SOCKET as NOTIFY_SOCKET
from infra.host.service import Service
from infra.host.signals import Signals
from infra.host.templates import write_private
from infra.host.temporary import emptied
from infra.nginx.console_files import link_console
from infra.nginx.proxy import nginx_conf
from infra.nginx.tls import check_pair, link_pair
from infra.redis_server.embedded import flower_url, write_store
from infra.redis_server.loading import loaded_part
from infra.redis_server.place import RedisPlace, redis_place
from infra.redis_server.repair import mend
from infra.supervision.attending import Attending, Nothing
from infra.supervision.estimators import check_estimators
from infra.supervision.first_account import add_first_account
from infra.supervision.greeting import greeting
from infra.supervision.programs import DELIVERER_SOCKET, programs, write_supervisor
from infra.supervision.readiness import is_ready, wait_until_loaded, wait_until_ready
from infra.supervision.settling import settle
from infra.supervision.sources import check_sources
from infra.supervision.stack import Stack
from tasks.config.areas.redis import redis_variables
from tasks.config.origins import SETTINGS, as_json, known
from tasks.config.settings import CONFIG, FLOWER_REDIS_URL, Settings, with_file
from tasks.errors import SettingsError, Unavailable
from tasks.telemetry.tracing import load_traces

#: What the names of the settings begin with that the commands go by as well: of an outside issuer, of webhooks.
KNOWN_TO_COMMANDS: Final = ("MLSERVICE_OIDC_", "MLSERVICE_WEBHOOK")
#: What is not for the processes that it starts: what files say they are told as settings, and gunicorn would tell the
#: service manager that it is ready.
UNTOLD: Final = (CONFIG, NOTIFY_SOCKET)
#: So long the service manager is asked to be patient each time that Redis is still reading; it is told every 5 s.
LOADING_SECONDS: Final = 60.0


def run(args: argparse.Namespace, *, attend: Callable[[Mapping[str, str]], Attending] = Nothing) -> int:
    """Serve until SIGINT or SIGTERM. Raises ServiceError, after a clean stop, if the service does not come up.

    `attend` makes what looks after it, of the environment of its processes.
    """
    home = Home(args.home.resolve())
    told = with_file(os.environ)
    given = {**told, **tls_variables(args), **home.naming_sources(told)}
    settings = Settings.load(given)
    load_traces(settings)
    check_limits()
    check_estimators(settings, given)
    check_sources(settings, os.environ)
    check_mcp(settings)
    tls = check_pair(settings)
    if home.run.exists():
        with home.claim():
            pass  # Or it is said here, before the port, which that service may have, is said to be taken.
    address = replace(free_address(args.host, args.port), tls=tls)
    if tls and settings.redirect_port:
        free_address(args.host, settings.redirect_port)
    home.prepare()
    if home.admin_password.exists():
        home.secret(home.admin_password.name)
    # Signals first: what is made from here on is removed at the end, whenever that comes.
    with (
        Signals() as signals,
        home.claim() as lock,
        home.sockets(os.environ) as sockets,
        emptied(home.temporary),
    ):
        warn_of_exposure(given)
        place = redis_place(home, sockets.folder, given)
        environment = child_environment(home, sockets.folder, given, place=place)
        loaded = how_far_redis_is(sockets.folder, environment, place)
        if not place.access:
            wait_until_loaded(signals, loaded=loaded, tell=tell_loading)
            if signals.stopped:
                return 0
        write_configuration(home, sockets.folder, environment, address=address, place=place)
        if place.access:
            mend(home)
        tell_settings(home, environment)
        urls = [f"{url}{settings.root_path}" for url in address.urls]
        service = Service(pid=os.getpid(), url=urls[0], urls=urls, sockets=str(sockets.folder))
        stack = Stack(home, sockets.folder)
        attending = attend(environment)
        with home.announced(service):
            stack.start(environment, keep=(lock, *sockets.held))
            try:
                serve(stack, signals, address=address, environment=environment, loaded=loaded, attending=attending)
            finally:
                notify(os.environ, STOPPING)
                stack.stop(signals)
    return 0


def check_mcp(settings: Settings, *, find: Callable[[str], object] = find_spec) -> None:
    """Raise SettingsError if the endpoint for agents is asked for and cannot be."""
    if settings.mcp and find("mcp") is None:
        raise SettingsError("MLSERVICE_MCP needs a package that is not installed: pip install 'mlservice[mcp]'")


def tell_settings(home: Home, environment: Mapping[str, str]) -> None:
    """Let `mlservice settings --home` show what this service runs with, and where each value comes from."""
    found = known(Settings.load(environment), os.environ, settled_by="mlservice up")
    write_private(home.run / SETTINGS, json.dumps(as_json(found)))


def tls_variables(args: argparse.Namespace) -> dict[str, str]:
    """What the options say of TLS, as the settings that they stand for."""
    options = {"MLSERVICE_TLS_CERT_FILE": args.tls_cert, "MLSERVICE_TLS_KEY_FILE": args.tls_key}
    return {name: str(path.resolve()) for name, path in options.items() if path}


def child_environment(home: Home, sockets: Path, environ: Mapping[str, str], *, place: RedisPlace) -> dict[str, str]:
    """What all processes of the service find in their environment; secrets are there, or in files, never in argv.

    What files say of Redis and of tokens is in it too, so that no process reads them again.
    """
    settled = {
        "REDIS_URL": place.url,
        **redis_variables(environ),
        "MLSERVICE_BLOBS_URL": environ.get("MLSERVICE_BLOBS_URL", f"file://{home.blobs}"),
        "MLSERVICE_TOKEN_LIFE_SECONDS": str(Settings.load({**environ, "REDIS_URL": place.url}).token_life_seconds),
    }
    # The commands must know the issuer whose tokens are accepted here, and where webhooks may lead.
    for_commands = {name: value for name, value in environ.items() if name.startswith(KNOWN_TO_COMMANDS)}
    home.remember({**settled, **for_commands})
    return {
        **{name: value for name, value in environ.items() if name not in UNTOLD},
        **settled,
        **home.naming_keys(environ),
        **({FLOWER_REDIS_URL: flower_url(sockets, home)} if place.access else {}),
        "MLSERVICE_CODE_FOLDER": environ.get("MLSERVICE_CODE_FOLDER", str(home.code)),
        "MLSERVICE_WEBHOOK_SOCKET": environ.get("MLSERVICE_WEBHOOK_SOCKET", str(sockets / DELIVERER_SOCKET)),
        "MLSERVICE_HOME": str(home.root),
        "SOCKETS_DIR": str(sockets),
        # The supervisor's; each program is given one in it.
        "TMPDIR": str(sockets / TEMPORARY),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}",
    }


def write_configuration(
    home: Home, sockets: Path, environment: Mapping[str, str], *, address: Address, place: RedisPlace
) -> None:
    """Write what the programs read at their start.

    Raises Unavailable if an outside Redis does not answer, SettingsError if it may evict what it was given, or if the
    keys of the tokens cannot be used.
    """
    settings = Settings.load(environment)
    if place.access:
        write_store(home, sockets, place.access, settings=settings)
    else:
        # Where Redis is ours, this process does without what the look at another one imports.
        from infra.redis_server.outside import look_at

        look_at(settings, warn=lambda text: say(f"warning: {text}"))
    settings.given_key()
    if settings.token_keys_file:
        keyfile.read(Path(settings.token_keys_file))
    link_pair(settings, home.run)
    link_console(home.run)
    proxy = nginx_conf(address, settings, flower_password=home.secret(FLOWER_HTTP_PASSWORD))
    write_private(home.run / "nginx.conf", proxy)
    text = io.StringIO()
    write_supervisor(text, programs(embedded=place.access is not None, mcp=settings.mcp))
    write_private(home.run / "supervisord.conf", text.getvalue())


def how_far_redis_is(sockets: Path, environment: Mapping[str, str], place: RedisPlace) -> Callable[[], float | None]:
    """What tells the part of its history that Redis has read, from 0 to 1; None while it reads none, or is silent."""
    if place.access:
        return partial(loaded_part, sockets, place.access)
    from infra.redis_server import outside

    return partial(outside.loaded_part, Settings.load(environment))


def say(text: str) -> None:
    """Tell the operator on the terminal."""
    # Who started it may be gone.
    with suppress(OSError):
        print(f"mlservice: {text}", file=sys.stderr, flush=True)


def tell_loading(text: str) -> None:
    """Tell the operator, and the service manager, that Redis is still reading what it kept."""
    say(text)
    notify(os.environ, patience(LOADING_SECONDS), f"STATUS={text}")


def serve(
    stack: Stack,
    signals: Signals,
    *,
    address: Address,
    environment: Mapping[str, str],
    loaded: Callable[[], float | None],
    attending: Attending,
) -> None:
    """Wait until the service is ready, say so, and wait until it is to stop."""
    wait_until_ready(stack, signals, ready=partial(is_ready, address), loaded=loaded, tell=tell_loading)
    if signals.stopped:
        return
    later = partial(stack.start_later, programs(embedded=False))
    code = new_code()
    settle([partial(add_first_account, environment, code=code), later], signals, running=lambda: stack.running)
    if stack.running and not signals.stopped:
        # Who started it may be gone, or the disk full on which its output lies.
        with suppress(OSError):
            print(greeting(address, environment, code=code), flush=True)
        notify(os.environ, READY, f"STATUS=ready: {address.url}")
    while stack.running and not signals.stopped:
        signals.wait(attending.seconds)
        attending.look()
    if not signals.stopped:
        raise Unavailable("the supervisor was killed; everything is stopped")
