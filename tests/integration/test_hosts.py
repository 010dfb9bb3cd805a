"""NGINX at several addresses, and at all of both families."""

from __future__ import annotations

import httpx

from infra.host.address import ANY_ADDRESS, LOOPBACK
from tasks.config.settings import Settings
from tests.addresses import has_ipv6, need_ipv6, second_loopback
from tests.nginx import Nginx, Request


def _answer(request: Request) -> None:
    request.say(204)


def test_it_answers_at_each_address() -> None:
    with Nginx(Settings(), gateway=_answer, hosts=(LOOPBACK, second_loopback())) as nginx:
        assert len(nginx.address.urls) == 2
        for url in nginx.address.urls:
            assert httpx.get(f"{url}/v1/models", timeout=10).status_code == 204


def test_all_addresses_are_those_of_both_families() -> None:
    need_ipv6()
    with Nginx(Settings(), gateway=_answer, hosts=(ANY_ADDRESS,)) as nginx:
        port = nginx.address.port
        assert httpx.get(f"http://{LOOPBACK}:{port}/v1/models", timeout=10).status_code == 204
        if has_ipv6("::1"):
            assert httpx.get(f"http://[::1]:{port}/v1/models", timeout=10).status_code == 204
