"""Flower's settings; read by Flower as a file, not imported.

Under `mlservice up` NGINX lets in whose account may see it, and shows Flower a secret that only the two know: so
nothing else that finds the socket gets in, and Flower refuses what other sites' pages send. Elsewhere
FLOWER_BASIC_AUTH=USER:PASSWORD says who may enter, and Flower does not start without it.
"""

import os
from pathlib import Path

from tasks.config.settings import Settings

_home, _sockets = os.environ.get("MLSERVICE_HOME"), os.environ.get("SOCKETS_DIR")

url_prefix = f"{Settings.load().root_path}/flower".strip("/")
# The oldest are forgotten: each task that is remembered costs some 2 kB.
max_tasks = 10_000
purge_offline_workers = 3600
if _home and _sockets:
    basic_auth = [f"nginx:{(Path(_home) / 'secrets' / 'flower-http.password').read_text().strip()}"]
elif os.environ.get("FLOWER_BASIC_AUTH") or os.environ.get("FLOWER_AUTH"):
    pass
elif _home and (_secret := Path(_home) / "secrets" / "flower-http.password").exists():
    # In a container NGINX shows the same secret.
    basic_auth = [f"nginx:{_secret.read_text().strip()}"]
else:
    raise SystemExit("mlservice: FLOWER_BASIC_AUTH=USER:PASSWORD must say who may see the tasks")
