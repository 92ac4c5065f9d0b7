"""S3 by SeaweedFS: versioned buckets, and one identity per service that reaches its own bucket only."""

import contextlib
import io
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import urllib3
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from nexoraz.local.parts.binaries import program
from nexoraz.local.ports import free_range
from nexoraz.local.processes import Launch, plain_environment

ADMIN = "operator"
PROBE_BUCKET = "nexoraz-ready"
PORTS = 8
GRPC = {"master": 2, "volume": 4, "filer": 6, "s3": 7}


def _socket(server: str, port: int) -> Path:
    return Path("/tmp") / f"seaweedfs-{server}-grpc-{port}.sock"  # noqa: S108  the server's own fixed place


@dataclass(frozen=True, slots=True)
class Identity:
    """An access key and the one bucket that it reaches; `bucket=None` is the operator, who reaches all."""

    access_key: str
    secret_key: str = field(repr=False)
    bucket: str | None

    def as_configuration(self) -> dict[str, object]:
        actions = ["Read", "Write", "List", "Tagging"]
        allowed = [f"{action}:{self.bucket}" for action in actions] if self.bucket else ["Admin", *actions]
        keys = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        return {"name": self.access_key, "credentials": keys, "actions": allowed}


@dataclass(frozen=True, slots=True)
class S3:
    """Uses the ports `port` to `port + 7`. `secrets` maps access keys to secrets, `buckets` access keys to buckets."""

    directory: Path
    port: int
    secrets: Mapping[str, str] = field(repr=False)
    log: Path
    buckets: Mapping[str, str] = field(default_factory=dict)
    name: str = "s3"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def identities(self) -> tuple[Identity, ...]:
        return tuple(Identity(key, secret, self.buckets.get(key)) for key, secret in self.secrets.items())

    @property
    def configuration_file(self) -> Path:
        return self.directory.with_suffix(".json")

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.configuration_file.touch(mode=0o600)
        configuration = {"identities": [identity.as_configuration() for identity in self.identities()]}
        self.configuration_file.write_text(json.dumps(configuration, indent=1))
        self.remove_sockets()

    def remove_sockets(self) -> None:
        """The server leaves its sockets in a folder that all users of the machine share when it is killed."""
        for server, offset in GRPC.items():
            with contextlib.suppress(OSError):
                _socket(server, self.port + offset).unlink()

    def grpc_port(self, server: str) -> int:
        """Another port than its own where somebody else's killed run left its socket, which only they may remove."""
        port = self.port + GRPC[server]
        while _socket(server, port).exists():
            port = free_range(1)
        return port

    def launch(self) -> Launch:
        return Launch(
            name=self.name,
            command=(program("weed"), "-logtostderr=true", "server", *self._options()),
            log=self.log,
            # One volume at a time per bucket: the default prepares seven.
            environment=plain_environment(WEED_MASTER_VOLUME_GROWTH_COPY_1="1", GOMEMLIMIT="512MiB"),
            folder=self.directory,
            death_signal=signal.SIGKILL,
            grace_seconds=1.5,  # a graceful end waits 15 s for streams that never close; its files need no farewell
        )

    def _options(self) -> tuple[str, ...]:
        here = self.port
        return (
            f"-dir={self.directory}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={here + 1}",
            f"-master.port.grpc={self.grpc_port('master')}",
            "-master.electionTimeout=500ms",  # a single node elects itself; the default makes every restart wait 10 s
            "-master.volumeSizeLimitMB=1024",
            "-master.telemetry=false",
            f"-volume.port={here + 3}",
            f"-volume.port.grpc={self.grpc_port('volume')}",
            "-volume.max=4000",
            "-filer=true",
            f"-filer.port={here + 5}",
            f"-filer.port.grpc={self.grpc_port('filer')}",
            "-filer.localSocket=filer.sock",
            "-filer.exposeDirectoryData=false",
            "-filer.disableDirListing=true",
            "-s3",
            f"-s3.port={here}",
            f"-s3.port.grpc={self.grpc_port('s3')}",
            "-s3.localSocket=s3.sock",
            f"-s3.config={self.configuration_file}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        )

    def client(self, access_key: str = ADMIN) -> Minio:
        http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=10), retries=False)
        address = f"127.0.0.1:{self.port}"
        return Minio(address, access_key, self.secrets[access_key], secure=False, region="us-east-1", http_client=http)

    def ping(self) -> None:
        """Store an object: the gateway answers long before a volume can be written."""
        client = self.client()
        if not client.bucket_exists(PROBE_BUCKET):
            client.make_bucket(PROBE_BUCKET)
        client.put_object(PROBE_BUCKET, "ready", io.BytesIO(b"1"), 1)

    def create_bucket(self, bucket: str) -> None:
        """A versioned bucket. Idempotent."""
        client = self.client()
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
        client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
