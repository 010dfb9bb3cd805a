"""The configuration of NGINX."""

from __future__ import annotations

import base64
import grp
import os
import pwd
import resource
import textwrap
from dataclasses import replace
from typing import Final

from infra.host.address import Address
from infra.host.gateway_sockets import gateway_processes
from infra.host.launch import BACKLOG, OPEN_FILES
from infra.host.templates import fill
from infra.nginx import agents, cors, request_bodies, root_path, trust
from infra.nginx.console_files import NAME as CONSOLE
from infra.nginx.error_pages import error_pages, inferences, invocations, problems, statuses
from infra.nginx.headers import CONSOLE_POLICY, DOCS_POLICY, FLOWER_POLICY, FRAME_POLICY, REPORT_POLICY, headers
from infra.nginx.tls import CERTIFICATE, KEY
from infra.nginx.upstreams import Upstreams, own_sockets
from tasks.config.settings import Settings

#: How much longer than the longest wait NGINX waits for the gateway's answer.
READ_MARGIN_SECONDS: Final = 30
#: Who NGINX is to Flower.
FLOWER_USER: Final = "nginx"
#: Ciphers of TLS 1.2: forward secret and authenticated ones alone. Those of 1.3 are all good.
CIPHERS: Final = ":".join(
    f"ECDHE-{kind}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for kind in ("ECDSA", "RSA")
)
#: What stands for a client where addresses are counted.
NETWORK: Final = r'default $binary_remote_addr; "~(?s)^(?<network64>.{8}).{8}$" $network64;'
#: Memory for the addresses that are counted: some 80,000 of them.
ZONE: Final = "10m"
#: One address has requests for at most one of so many of NGINX's connections. Each has one more, to the gateway.
ADDRESS_SHARE: Final = 4
#: Logins of an address that come at once are let through for so many seconds' worth of its rate, and the rest slowed
#: until so many seconds' worth wait; what is more is refused.
LOGIN_BURST_SECONDS: Final = 2
LOGIN_QUEUE_SECONDS: Final = 10


def nginx_conf(
    address: Address, settings: Settings, *, flower_password: str, upstreams: Upstreams | None = None
) -> str:
    """The text of nginx.conf; with TLS if the address says so. `upstreams`: those of `mlservice up` if not given."""
    upstreams = upstreams or own_sockets(gateway_processes(settings), mcp=settings.mcp)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    connections = files // 2
    address_limit = _address_limit(settings, connections)
    hsts = settings.hsts_seconds if address.tls else 0
    root, origins = settings.root_path, settings.origins
    shared = cors.answer_headers(origins)
    return fill(
        "nginx/nginx.conf.template",
        user=_user(),
        open_files=files,
        connections=connections,
        listens=_indented(8, _listens(address)),
        header_seconds=settings.header_timeout_seconds,
        body_seconds=settings.body_timeout_seconds,
        max_body_bytes=settings.max_body_bytes,
        other_bytes=request_bodies.other_bytes(settings),
        buffer_bytes=request_bodies.BUFFER_BYTES,
        body_maps=_indented(4, request_bodies.maps(settings)),
        body_limits=_indented(12, request_bodies.limits(settings)),
        question_limits=_indented(16, request_bodies.limits(settings)),
        submits=request_bodies.SUBMITS,
        invokes=request_bodies.INVOCATIONS,
        infers=request_bodies.INFERENCES,
        account=request_bodies.ACCOUNT,
        default_model=settings.default_model,
        read_seconds=settings.max_wait_seconds + READ_MARGIN_SECONDS,
        limits=_indented(4, trust.maps(settings.trusted_networks), _limits(settings), address_limit),
        address_limit=_indented(12, address_limit),
        resolver=_indented(4, upstreams.resolver()),
        connect_seconds=upstreams.connect_seconds,
        tries=upstreams.tries,
        gateway=_indented(8, upstreams.servers("gateway", *upstreams.gateway)),
        flower=_indented(8, upstreams.servers("flower", upstreams.flower)),
        agents=_indented(4, agents.upstream(upstreams)),
        agents_location=_indented(8, agents.location(upstreams, root)),
        guesses=_indented(12, _guesses(settings)),
        redirect=_indented(4, _redirect(address, settings)),
        tls=_indented(8, _tls(settings) if address.tls else ""),
        headers=_indented(8, headers(hsts_seconds=hsts, more=shared)),
        root=root,
        asked=root_path.asked(root),
        passed=root_path.passed(root),
        flower_passed=root_path.flower_passed(root),
        outward_maps=_indented(4, root_path.maps(root), cors.maps(origins)),
        outward=_indented(8, root_path.rewriting(root), cors.preflight(origins, hsts_seconds=hsts)),
        console=CONSOLE,
        console_headers=_indented(12, headers(CONSOLE_POLICY, hsts_seconds=hsts)),
        frame_headers=_indented(12, headers(FRAME_POLICY, hsts_seconds=hsts)),
        docs_headers=_indented(12, headers(DOCS_POLICY, hsts_seconds=hsts)),
        report_headers=_indented(12, headers(REPORT_POLICY, hsts_seconds=hsts, more=shared)),
        flower_headers=_indented(12, headers(FLOWER_POLICY, hsts_seconds=hsts)),
        error_pages=_indented(8, error_pages()),
        problems=_indented(12, problems(hsts_seconds=hsts, more=shared)),
        statuses=_indented(12, statuses(hsts_seconds=hsts, more=shared)),
        inferences=_indented(12, inferences(hsts_seconds=hsts, more=shared)),
        invocations=_indented(12, invocations(hsts_seconds=hsts, more=shared)),
        scheme=trust.scheme(settings.trusted_networks),
        cookie_security=trust.cookie_security(settings.trusted_networks, tls=address.tls),
        flower_login=base64.b64encode(f"{FLOWER_USER}:{flower_password}".encode()).decode(),
    )


def _user() -> str:
    # Started by root, NGINX would give its worker to `nobody`, who cannot read the sockets.
    if os.geteuid() != 0:
        return "# The worker keeps the user who started NGINX."
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"


def _limits(settings: Settings) -> str:
    """What one address may have at the same time and in a second."""
    lines = ["limit_conn_status 429;", "limit_req_status 429;"]
    lines += [
        "# Who has one address of IPv6 has a network of 64 bits.",
        f"map $binary_remote_addr $network {{ {NETWORK} }}",
    ]
    if settings.address_connections:
        lines.append(f"limit_conn_zone $network zone=connections:{ZONE};")
    if rate := settings.address_requests_per_second:
        lines += [
            f"limit_req_zone $network zone=requests:{ZONE} rate={rate}r/s;",
            f"limit_req zone=requests burst={rate} nodelay;",
        ]
    if rate := settings.address_logins_per_second:
        lines += [
            "# Whoever sends a password is slowed: it may be one of many guesses.",
            'map $http_authorization $guesser { "~*^basic " $network; }',
            f"limit_req_zone $guesser zone=logins:{ZONE} rate={rate}r/s;",
        ]
    return "\n".join(lines)


def _address_limit(settings: Settings, connections: int) -> str:
    """How many requests one address may have at the same time, of so many connections of NGINX."""
    most = min(settings.address_connections, connections // ADDRESS_SHARE)
    return f"limit_conn connections {most};" if most else ""


def _guesses(settings: Settings) -> str:
    """The limits of a place that looks at passwords; the other places are spared the counting."""
    lines = []
    # A place with a limit of its own inherits none.
    if rate := settings.address_requests_per_second:
        lines.append(f"limit_req zone=requests burst={rate} nodelay;")
    if rate := settings.address_logins_per_second:
        burst, delay = rate * LOGIN_QUEUE_SECONDS, rate * LOGIN_BURST_SECONDS
        lines.append(f"limit_req zone=logins burst={burst} delay={delay};")
    return "\n".join(lines)


def _tls(settings: Settings) -> str:
    lines = [
        f"ssl_certificate {CERTIFICATE};",
        f"ssl_certificate_key {KEY};",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        f"ssl_ciphers {CIPHERS};",
        "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
        "# All of them are good: the client knows which is fastest for it.",
        "ssl_prefer_server_ciphers off;",
        "ssl_session_cache shared:tls:10m;",
        "ssl_session_timeout 1d;",
        "# The key of a ticket would live as long as NGINX, and with it what was said before could be read.",
        "ssl_session_tickets off;",
    ]
    return "\n".join(lines)


def _listens(address: Address) -> str:
    """Where it listens."""
    how = f"backlog={BACKLOG}{' ssl' if address.tls else ''}"
    return "\n".join(f"listen {place} {how};" for place in address.listens)


def _redirect(address: Address, settings: Settings) -> str:
    """A server that speaks HTTP and says where HTTPS is."""
    if not (address.tls and settings.redirect_port):
        return ""
    plain = replace(address, port=settings.redirect_port, tls=False)
    listens = "".join(f"    listen {place};\n" for place in plain.listens)
    port = "" if address.port == 443 else f":{address.port}"
    return f"server {{\n{listens}    server_name _;\n    return 308 https://$host{port}$request_uri;\n}}"


def _indented(spaces: int, *texts: str) -> str:
    return textwrap.indent("\n".join(text for text in texts if text), " " * spaces)
