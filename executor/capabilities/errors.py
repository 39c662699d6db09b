"""Why a capability did not answer: a stable code for the guest, words for people."""

from __future__ import annotations

from typing import Final

from executor.model.observation import ERROR_CODE

CODES: Final = frozenset(
    {
        "evm-bad-request",
        "evm-block-needed",
        "evm-chain-not-granted",
        "evm-disagreement",
        "evm-no-block",
        "evm-range",
        "evm-refused",
        "evm-reorganised",
        "evm-reverted",
        "evm-timeout",
        "evm-too-large",
        "evm-too-many",
        "evm-unavailable",
        "evm-unknown-chain",
        "http-address-refused",
        "http-bad-request",
        "http-connect",
        "http-host-not-allowed",
        "http-malformed",
        "http-method-not-allowed",
        "http-rate-limited",
        "http-redirect",
        "http-timeout",
        "http-tls",
        "http-too-large",
        "http-too-many",
    }
)
"""What a call to the outside may end in, at a node (docs/http.md, docs/evm.md)."""


class CallRefused(Exception):  # no ExecutorError: it never leaves this package, the guest gets its code
    """A capability call that ends in an error code; `detail` is for logs and enters nothing."""

    def __init__(self, code: str, detail: str) -> None:
        assert ERROR_CODE.fullmatch(code.encode("ascii"))
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
