"""One fixed node: its keys, its directory, its signer, and values to sign."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from executor.crypto import bls
from executor.crypto.digests import keccak256
from executor.keys.keyset import RECORD_FILE, KeySet, write_keys
from executor.keys.record import SignerRecord
from executor.keys.signer import Signer
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status

PASSWORD = "correct horse"


@pytest.fixture(scope="session")
def keys() -> KeySet:
    """Fixed secrets."""
    return KeySet(
        signer=keccak256(b"signer"),
        transmitter=keccak256(b"transmitter"),
        bls=bls.secret_from_seed(b"b" * 32),
        encryption=keccak256(b"encryption"),
    )


@pytest.fixture
def directory(tmp_path: Path, keys: KeySet) -> Path:
    """The fixed keys on disk, under PASSWORD, with an empty record."""
    write_keys(tmp_path / "keys", keys, PASSWORD, fast=True)
    return tmp_path / "keys"


@pytest.fixture
def record(directory: Path, keys: KeySet) -> Iterator[SignerRecord]:
    """The open record of the fixed signer."""
    record = SignerRecord.open(directory / RECORD_FILE, keys.public.signer)
    yield record
    record.close()


@pytest.fixture
def signer(keys: KeySet, record: SignerRecord) -> Signer:
    """A signer in this process."""
    return Signer(keys, record)


@pytest.fixture(scope="session")
def epoch() -> EpochIdentity:
    """An epoch to sign in."""
    return EpochIdentity(31337, Address(b"r" * 20), Address(b"c" * 20), 1)


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """A report of request `number` with this output, in this round, over this transcript."""

    def make(number: int = 0, output: bytes = b"output", round: int = 0, transcript: bytes = b"t") -> Report:
        return Report(
            request_id=RequestId(keccak256(b"request %d" % number)),
            function_id=FunctionId(keccak256(b"function")),
            transcript_hash=TranscriptHash(keccak256(transcript)),
            status=Status.RETURNED,
            round=round,
            slots=1,
            fuel_used=1000,
            output_hash=keccak256(output),
        )

    return make


@dataclass(frozen=True)
class SignerProcess:
    """A running `python -m executor.keys.process`."""

    process: subprocess.Popen[str]
    socket: Path
    log: Path

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[[], SignerProcess]]:
    """Starts signer processes over the fixed directory and socket, and ends what is left of them."""
    running: list[SignerProcess] = []
    with tempfile.TemporaryDirectory(prefix="signer-", dir="/tmp") as place:  # short enough for a socket path

        def start_one() -> SignerProcess:
            path = Path(place) / "signer.sock"
            environment = {**os.environ, "SIGNER_PASSWORD": PASSWORD}
            command = [sys.executable, "-m", "executor.keys.process", "--directory", directory, "--socket", path]
            log = Path(place) / f"{len(running)}.log"
            with log.open("wb") as errors:
                process = subprocess.Popen(
                    [str(part) for part in [*command, "--password-env", "SIGNER_PASSWORD"]],
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                )
            running.append(SignerProcess(process, path, log))
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], 30)
            assert ready
            assert "listens on" in process.stdout.readline()
            return running[-1]

        yield start_one
        for one in running:
            if one.process.poll() is None:
                one.kill()
            assert one.process.stdout is not None
            one.process.stdout.close()
