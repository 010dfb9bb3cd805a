"""The root path and the origins of other sites: what is refused at the start, and with which words."""

from __future__ import annotations

import pytest

from tasks.config.settings import Settings
from tasks.errors import SettingsError


@pytest.mark.parametrize("path", ["", "/ml", "/a/b-c/d_e.1", "/ML"])
def test_a_root_path_is_a_plain_path(path: str) -> None:
    assert Settings.load({"MLSERVICE_ROOT_PATH": path}).root_path == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("ml", "must begin with a slash"),
        ("https://host/ml", "must begin with a slash"),
        ("/ml/", "must not end with a slash"),
        ("/", "must not end with a slash"),
        ("/a//b", "letters, digits"),
        ("/a b", "letters, digits"),
        ("/a;b", "letters, digits"),
        ("/ä", "letters, digits"),
        ("/a/../b", "letters, digits"),
        ("/a$b", "letters, digits"),
        ("/ml\n", "letters, digits"),
        ("/a%2Fb", "letters, digits"),
        ("/v1", "a path of the service's own"),
        ("/flower/ml", "a path of the service's own"),
    ],
)
def test_what_is_none_is_refused_by_name(path: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"MLSERVICE_ROOT_PATH .*{said}"):
        Settings.load({"MLSERVICE_ROOT_PATH": path})


def test_origins_are_read_as_browsers_send_them() -> None:
    text = "https://app.example.org, http://localhost:3000 ,https://[2001:db8::1]:8443,https://app.example.org"
    assert Settings.load({"MLSERVICE_CORS_ORIGINS": text}).origins == (
        *("https://app.example.org", "http://localhost:3000", "https://[2001:db8::1]:8443"),
    )
    assert Settings.load({"MLSERVICE_CORS_ORIGINS": "*"}).origins == ("*",)
    assert Settings.load({}).origins == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app.example.org", "without a path"),
        ("https://app.example.org/", "without a path"),
        ("https://App.example.org", "lower case"),
        ("https://user@app.example.org", "as browsers send them"),
        ("https://*.example.org", "as browsers send them"),
        ('https://a";evil', "as browsers send them"),
        ("null", "as browsers send them"),
        ("https://app.example.org:443", r"leave the port 443 out .* write https://app\.example\.org"),
        ("http://app.example.org:80", "leave the port 80 out"),
        ("https://app.example.org:99999", "no such port"),
        ("https://a.example,*", "alone"),
    ],
)
def test_what_no_browser_sends_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"MLSERVICE_CORS_ORIGINS.*{said}"):
        Settings.load({"MLSERVICE_CORS_ORIGINS": text})
