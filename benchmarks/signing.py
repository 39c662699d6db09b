"""What a signer process signs a second: votes it has not seen, each synced to the disk before its signature.

`python benchmarks/signing.py [votes]` prints the rate with one ask at a time and with 32 under way; the second shares
syncs. The disk is the one that holds the temporary folder: name another with TMPDIR.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from executor.crypto.digests import keccak256
from executor.keys.client import SignerClient
from executor.keys.keyset import create_keys
from executor.keys.standing import JournalMark
from executor.model.committee import EpochIdentity
from executor.model.ids import Address, FunctionId, RequestId, TranscriptHash
from executor.model.report import Report, Status
from executor.protocol.statements import ReportsStatement

VOTES = 640
MARK = JournalMark(b"j" * 16, 1, 0, 1)
EPOCH = EpochIdentity(31337, Address(b"r" * 20), Address(b"c" * 20), 1)


def vote(number: int) -> ReportsStatement:
    """A vote that was never asked for."""
    digest = keccak256(b"%d" % number)
    report = Report(
        RequestId(digest),
        FunctionId(digest),
        TranscriptHash(digest),
        Status.RETURNED,
        0,
        0,
        1_000,
        keccak256(b"output"),
    )
    return ReportsStatement(EPOCH, (report,))


async def rate(client: SignerClient, first: int, votes: int, under_way: int, *, bls: bool) -> float:
    """Votes a second."""
    numbers = iter(range(first, first + votes))

    async def ask() -> None:
        for number in numbers:
            await client.sign(vote(number), MARK, bls=bls)

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(under_way)))
    return votes / (time.perf_counter() - started)


async def main(votes: int) -> None:
    """Start a signer and ask it."""
    with tempfile.TemporaryDirectory(prefix="signing-") as place:
        keys, socket = Path(place) / "keys", Path(place) / "run" / "s.sock"
        create_keys(keys, "password", fast=True)
        command = ["-m", "executor.keys.process", "--directory", str(keys), "--socket", str(socket)]
        with subprocess.Popen([sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as signer:  # noqa: ASYNC220 # nothing else runs
            assert signer.stdin is not None
            assert signer.stdout is not None
            signer.stdin.write(b"password\n")
            signer.stdin.flush()
            signer.stdout.readline()
            client = SignerClient(socket)
            await rate(client, 10**9, 32, 1, bls=True)
            for row, (under_way, bls) in enumerate(((1, False), (32, False), (1, True), (32, True))):
                found = await rate(client, row * votes, votes, under_way, bls=bls)
                print(f"{under_way:>3} under way, {'ECDSA and BLS' if bls else 'ECDSA':<14}{found:>8.0f} votes/s")
            await client.close()
            signer.terminate()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else VOTES))
