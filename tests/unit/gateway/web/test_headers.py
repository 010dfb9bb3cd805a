"""What request headers ask for."""

from __future__ import annotations

import pytest

from gateway.web.headers import accepted, body_type, media_type, wait_seconds, without_boundary, writes_events
from tasks.contract import PROTOCOL_MEDIA, Media
from tasks.errors import NotAcceptable


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        (" ; , ,", None),
        ("wait=10", 10),
        ("Wait = 10", 10),
        ('wait="10"', 10),
        ("wait=0.5", 0.5),
        ("wait=0", 0),
        ("wait=99999", 60),
        ("respond-async, wait=5", 5),
        ("wait=5; strict, handling=lenient", 5),
        ("wait=5, wait=7", 5),
        ('note="a, wait=9", wait=2', 2),
        ('note="wait=9', None),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=ten", None),
        ("wait=nan", None),
        ("wait=inf", None),
        ("wait=1e3", None),
        ("wait=\u0661", None),
        ("await=10", None),
    ],
)
def test_wait(prefer: str | None, seconds: float | None) -> None:
    assert wait_seconds(prefer, limit=60) == seconds


@pytest.mark.parametrize(
    ("content_type", "media"),
    [
        *((media.value, media if media not in PROTOCOL_MEDIA else Media.BYTES) for media in Media),
        ("application/json; charset=utf-8", Media.JSON),
        ('Application/JSON;Charset="UTF-8"', Media.JSON),
        ("text/csv; header=present; charset=utf8", Media.CSV),
        ("application/csv", Media.CSV),
        ("application/x-parquet", Media.PARQUET),
        ("application/vnd.apache.arrow.file", Media.ARROW),
        # A charset says nothing about binary data.
        ("application/vnd.apache.parquet; charset=latin-1", Media.PARQUET),
    ],
)
def test_media_type(content_type: str, media: Media) -> None:
    assert media_type(content_type) is media


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        ";charset=utf-8",
        "text/html",
        "application/x-www-form-urlencoded",
        "application/json, text/csv",
        "\u00e9" * 300,
    ],
)
def test_a_type_that_says_nothing_is_found_out_by_whoever_reads(content_type: str | None) -> None:
    assert media_type(content_type) is Media.BYTES


@pytest.mark.parametrize(
    ("content_type", "media", "said"),
    [
        (None, Media.BYTES, ""),
        ("text/csv", Media.CSV, ""),
        ("Text/CSV; charset=UTF-8", Media.CSV, ""),
        ("application/csv", Media.CSV, "application/csv"),
        ("text/csv; charset=latin-1", Media.CSV, "text/csv; charset=latin-1"),
        ("text/csv; header=present", Media.CSV, "text/csv; header=present"),
        ("image/png", Media.BYTES, "image/png"),
        ('multipart/form-data; boundary="a b"', Media.FORM, 'multipart/form-data; boundary="a b"'),
        ("x" * 2000, Media.BYTES, "x" * 1000),
    ],
)
def test_what_is_handed_on_of_a_type(content_type: str | None, media: Media, said: str) -> None:
    assert body_type(content_type) == (media, said)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, Media.JSON),
        (" ", Media.JSON),
        ("*/*", Media.JSON),
        ("application/*", Media.JSON),
        ("text/*", Media.CSV),
        ("text/csv", Media.CSV),
        ("TEXT/CSV; header=present", Media.CSV),
        ("application/vnd.apache.arrow.stream", Media.ARROW),
        ("text/csv, application/json", Media.JSON),
        ("text/csv, application/json;q=0.9", Media.CSV),
        ("text/csv;q=0.5, */*;q=0.1", Media.CSV),
        ("application/json;q=0, application/*", Media.ARROW),
        ("*/*, application/json;q=0", Media.CSV),
        ("text/html, application/xhtml+xml, */*;q=0.8", Media.JSON),
        ("text/csv;q=high, application/json;q=0.1", Media.JSON),
    ],
)
def test_accepted(accept: str | None, media: Media) -> None:
    assert accepted(accept) is media


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "application/vnd.apache.parquet",
        "application/json;q=0",
        "*/*;q=0.000",
        ",",
        "text/csv;q=2",
    ],
)
def test_what_is_not_written_lists_what_is(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"application/json, text/csv, application/vnd\.apache\.arrow\.stream"):
        accepted(accept)


@pytest.mark.parametrize("accept", [None, "", "text/event-stream", "TEXT/*;q=0.1", "*/*", "application/problem+json"])
def test_events_are_for_who_takes_events_or_problems(accept: str | None) -> None:
    writes_events(accept)
    with pytest.raises(NotAcceptable, match="text/event-stream"):
        writes_events("application/json")


def test_long_headers_are_read_in_linear_time() -> None:
    assert wait_seconds('"' * 60_000 + ",wait=1", limit=60) in (1, None)
    assert wait_seconds("x;" * 30_000 + ',"' * 10_000, limit=60) is None


def test_a_form_that_is_sent_again_is_the_same_whatever_parts_it() -> None:
    def form(boundary: str) -> tuple[str, bytes]:
        body = f"--{boundary}\r\nContent-Disposition: form-data; name=file\r\n\r\na,b\r\n--{boundary}--\r\n"
        return without_boundary(f'multipart/form-data; boundary="{boundary}"', body.encode())

    assert form("one") == form("t w o")
    assert without_boundary("text/csv; boundary=one", b"--one") == ("text/csv; boundary=one", b"--one")
