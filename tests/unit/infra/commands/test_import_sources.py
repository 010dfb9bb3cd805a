"""Where a model that is imported lies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.commands.import_sources import fetched, packed, plain_url
from tasks.errors import BodyTooLarge, InvalidField, Unavailable
from tasks.exchange.archives import unzip, zipped

ZIP = zipped({"a.txt": b"hello"})


class Answers(BaseHTTPRequestHandler):
    """Gives a zip, or leads to it, or elsewhere."""

    elsewhere = ""

    def do_GET(self) -> None:
        status, place = {
            "/model.zip": (200, ""),
            "/page": (200, ""),
            "/moved": (302, "/model.zip"),
            "/away": (302, self.elsewhere),
        }.get(self.path.partition("?")[0], (404, ""))
        body = ZIP if self.path.startswith("/model.zip") else b"<html>"
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody wants to know."""


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_zip_is_fetched_from_where_it_is_named_and_nowhere_else() -> None:
    with serving() as url, serving() as other:
        Answers.elsewhere = f"{other}/model.zip"
        assert packed(f"{url}/model.zip?key=secret", schema=None, most_bytes=1000) == (ZIP, f"{url}/model.zip")
        assert fetched(f"{url}/moved", most_bytes=1000) == ZIP
        with pytest.raises(InvalidField, match="elsewhere"):
            fetched(f"{url}/away", most_bytes=1000)
        with pytest.raises(InvalidField, match="no zip"):
            packed(f"{url}/page", schema=None, most_bytes=1000)
        with pytest.raises(BodyTooLarge):
            fetched(f"{url}/model.zip", most_bytes=10)
        with pytest.raises(Unavailable, match="404"):
            fetched(f"{url}/nothing", most_bytes=1000)
        with pytest.raises(Unavailable, match="longer"):
            fetched(f"{url}/model.zip", most_bytes=1000, all_seconds=-1)
    with pytest.raises(Unavailable, match="cannot be fetched"):
        fetched(f"{url}/model.zip", most_bytes=1000)


def test_nothing_secret_of_a_url_is_shown() -> None:
    assert plain_url("https://me:word@example.org:8443/a/b.zip?token=1#x") == "https://example.org:8443/a/b.zip"


def test_files_and_folders_go_as_one_zip(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "secret").write_text("not of the model")
    for name in ("MLmodel", "deep/model.lgb"):
        (tmp_path / "model" / name).write_text(name)
    (tmp_path / "model" / "link").symlink_to(tmp_path / "secret")
    data, source = packed(str(tmp_path / "model"), schema=None, most_bytes=1000)
    assert (unzip(data, most_bytes=1000), source) == (
        {"MLmodel": b"MLmodel", "deep/model.lgb": b"deep/model.lgb"},
        "model",
    )
    text, schema = tmp_path / "m.txt", tmp_path / "s.json"
    text.write_text("tree\n")
    schema.write_text('{"target": "y"}')
    for given, said in ((None, b"{}"), (str(schema), b'{"target": "y"}')):
        data, source = packed(str(text), schema=given, most_bytes=1000)
        assert (unzip(data, most_bytes=1000), source) == ({"model.txt": b"tree\n", "schema.json": said}, "m.txt")
    for path, said_of in ((tmp_path, "MLmodel"), (schema, "neither a zip")):
        with pytest.raises(InvalidField, match=said_of):
            packed(str(path), schema=None, most_bytes=1000)
    (tmp_path / "a.zip").write_bytes(ZIP)
    # Never ignored in silence.
    for given in ("a.zip", "model", "http://example.org/a.zip"):
        place = given if "://" in given else str(tmp_path / given)
        with pytest.raises(InvalidField, match="--schema belongs to a file of LightGBM's text, not to a"):
            packed(place, schema=str(schema), most_bytes=1000)
    with pytest.raises(InvalidField, match=r"ftp://example\.org/a\.zip is not fetched: name a file"):
        packed("ftp://me:secret@example.org/a.zip", schema=None, most_bytes=1000)
    with pytest.raises(BodyTooLarge):
        packed(str(text), schema=None, most_bytes=2)
    with pytest.raises(FileNotFoundError):
        packed(str(tmp_path / "nothing"), schema=None, most_bytes=2)
