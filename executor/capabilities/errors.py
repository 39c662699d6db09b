"""Why a capability did not answer: a stable code for the guest, words for people."""

from __future__ import annotations

from executor.model.observation import ERROR_CODE


class CallRefused(Exception):  # no ExecutorError: it never leaves this package, the guest gets its code
    """A capability call that ends in an error code; `detail` is for logs and enters nothing."""

    def __init__(self, code: str, detail: str) -> None:
        assert ERROR_CODE.fullmatch(code.encode("ascii"))
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
