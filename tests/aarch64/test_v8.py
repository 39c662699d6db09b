"""Another engine on another processor (`make test-aarch64` only: 50 MB more)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.vectors import FILES

from aarch64.conftest import ROOT
from aarch64.engines import differing
from executor.testing.engines.catalogue import FLAGS

pytestmark = pytest.mark.timeout(1_800)
HOST = ROOT / "guest-sdk" / "web" / "host.mjs"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("compiler", FLAGS)
def test_v8_for_arm64_answers_the_conformance_vectors(v8: Path, compiler: str, file: str) -> None:
    """With each of its compilers: every row as it is committed."""
    assert differing(compiler, [str(v8), *FLAGS[compiler], str(HOST)], file) == []
