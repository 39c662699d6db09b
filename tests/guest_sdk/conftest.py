"""Guests that every test here shares, compiled once."""

import sys

import pytest

from .harness import QUICKJS, ROOT, Guest

sys.path.insert(0, str(ROOT / "guest-sdk" / "javascript" / "engine"))  # the build is a script, not a package
sys.path.insert(0, str(ROOT / "guest-sdk" / "conformance"))  # the suite is no part of the package


@pytest.fixture(scope="session")
def quickjs() -> Guest:
    """The committed JavaScript engine."""
    return Guest.load(QUICKJS.read_bytes())
