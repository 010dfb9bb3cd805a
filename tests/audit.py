"""`make audit`: the pinned packages against the advisories that pip-audit finds; one line if there is no network.

Further arguments are pip-audit's own, such as `--vulnerability-service osv`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any, Final

import msgspec

from tests.lock import files

#: A line of pip-audit's that says that nobody could be asked: its own, or the last one of a traceback. An answer that
#: was none, or a certificate that is not trusted, is another thing.
NO_NETWORK: Final = re.compile(
    r".*Could not connect to .* vulnerability feed"
    r"|requests\.exceptions\.(ConnectionError|ConnectTimeout|ReadTimeout|ProxyError): .*"
)


def main() -> int:
    """Audit; 1 if a package has a known vulnerability, or nobody knows because pip-audit failed."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
    command += [f"--requirement={file}" for file in files()]
    command += ["--format", "json", "--progress-spinner", "off", *sys.argv[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    status, text = judge(done.stdout, done.stderr)
    print(text)
    return status


def judge(report: str, said: str) -> tuple[int, str]:
    """(exit status, what is to be said) of pip-audit's report, which is empty if it could not work."""
    if not report.strip():
        lines = said.strip().splitlines() or ["pip-audit said nothing"]
        unasked = [line for line in lines if NO_NETWORK.match(line)]
        return (0, f"audit skipped: {unasked[-1][:300]}") if unasked else (1, f"audit failed: {lines[-1][:300]}")
    found: list[dict[str, Any]] = msgspec.json.decode(report)["dependencies"]
    audited = [package for package in found if "skip_reason" not in package]
    if not audited:
        return 0, f"audit skipped: the advisories that can be reached know none of the {len(found)} packages"
    bad = [_vulnerable(package) for package in audited if package["vulns"]]
    summary = f"{len(audited)} of {len(found)} packages audited, {len(bad)} with a known vulnerability"
    return int(bool(bad)), "\n".join([*bad, summary])


def _vulnerable(package: dict[str, Any]) -> str:
    advisories = ", ".join(advisory["id"] for advisory in package["vulns"])
    fixed = sorted({version for advisory in package["vulns"] for version in advisory["fix_versions"]})
    return f"{package['name']} {package['version']}: {advisories}; fixed in {', '.join(fixed) or 'no version'}"


if __name__ == "__main__":
    sys.exit(main())
