"""Where webhooks may lead: no spelling of a private address gets through, and what the operator names does."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tasks.errors import InvalidField
from tasks.webhooks.addresses import Allowed, is_public, read_url, refusal, resolve

PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "::127.0.0.1", "2001:db8::1", "64:ff9b:1::7f00:1"),
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808")
#: Spellings of this machine that a resolver of the system reads.
SPELLED = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]")


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("host", SPELLED)
def test_every_spelling_is_judged_by_what_it_leads_to(host: str) -> None:
    target = read_url(f"https://{host}/hooks")
    found = resolve(target)
    assert found
    assert Allowed().fit(found, target) == []
    assert "not public" in refusal(target, found)


def test_what_the_operator_names_is_let_through() -> None:
    allowed = Allowed(["10.0.0.0/8", "::1"])
    for scheme in ("http", "https"):
        target = read_url(f"{scheme}://hooks.example/")
        here = [ip_address(text) for text in ("10.1.2.3", "::ffff:10.1.2.3", "::1")]
        assert allowed.fit(here, target) == here
        assert allowed.fit([ip_address("10.1.2.3"), ip_address("192.168.0.1")], target) == here[:1]


def test_without_tls_nothing_goes_to_the_internet() -> None:
    target, found = read_url("http://hooks.example/"), [ip_address("8.8.8.8")]
    assert Allowed(["10.0.0.0/8"]).fit(found, target) == []
    assert "https" in refusal(target, found)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (1, "a text"),
        ("", "https"),
        ("example.com/hooks", "https"),
        ("ftp://example.com/", "https"),
        ("file:///etc/passwd", "https"),
        ("https://", "host"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://ada:secret@example.com/", "password"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com/a b", "blanks"),
        ("https://exämple.com/", "Punycode"),
        ("https://example.com\\@127.0.0.1/", "blanks"),
        ("https://example.com/\r\nX: y", "blanks"),
        ("https://[::1/", "cannot be read"),
        (f"https://example.com/{'a' * 2048}", "2048"),
    ],
)
def test_urls_that_are_none(url: object, said: str) -> None:
    with pytest.raises(InvalidField, match=said) as caught:
        read_url(url)
    assert caught.value.pointer == "/url"
    assert "secret@" not in str(caught.value)


def test_what_is_asked_for() -> None:
    assert read_url("https://example.com?a=b") == ("https", "example.com", 443, "/?a=b")
    assert read_url("http://[fd00::1]:8080/x") == ("http", "fd00::1", 8080, "/x")
