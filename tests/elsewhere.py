"""A process with Celery and none of our code, as in another service that calls this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

#: What its program begins with: ours cannot be imported; `given` is what the test gave, `app` a Celery app, as plain
#: as can be.
BEGINNING: Final = """\
import json, sys, time

class None_of_ours:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tasks", "gateway", "infra", "monitoring", "tests"}:
            raise ModuleNotFoundError(f"{name} is not there")

sys.meta_path.insert(0, None_of_ours())
from celery import Celery, chain, chord, group, signature
url, given = json.load(sys.stdin)
app = Celery("another-service", broker=url, backend=url)
"""
#: What it ends with: `said` is told to the test.
END: Final = """
ours = sorted(n for n in sys.modules if n.partition(".")[0] in {"tasks", "gateway", "infra", "monitoring"})
json.dump({"said": said, "ours": ours}, sys.stdout)
"""


def run_elsewhere(program: str, given: Any, *, broker_url: str, folder: Path) -> Any:
    """What the program says, as JSON, in its variable `said`; `given` is there under that name."""
    command = [sys.executable, "-I", "-c", BEGINNING + program + END]
    told = json.dumps([broker_url, given])
    done = subprocess.run(command, input=told, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["ours"] == []
    return answer["said"]
