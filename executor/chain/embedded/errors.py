"""What JSON-RPC clients are told when a call is refused; codes of EIP-1474 and geth."""

from __future__ import annotations

from typing import Final as Constant

PARSE_ERROR: Constant = -32700
INVALID_REQUEST: Constant = -32600
METHOD_NOT_FOUND: Constant = -32601
INVALID_PARAMS: Constant = -32602
INTERNAL_ERROR: Constant = -32603
REFUSED: Constant = -32000
REVERTED: Constant = 3  # geth: "execution reverted", with the return data


class RpcFault(Exception):
    """A call's error reply."""

    code = INTERNAL_ERROR

    def __init__(self, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.data = data


class InvalidRequest(RpcFault):
    """Not a JSON-RPC 2.0 call."""

    code = INVALID_REQUEST


class MethodNotFound(RpcFault):
    """No such method."""

    code = METHOD_NOT_FOUND


class InvalidParams(RpcFault):
    """Parameters of a wrong number, type or range."""

    code = INVALID_PARAMS


class Refused(RpcFault):
    """A transaction or block that the chain does not take or have."""

    code = REFUSED


class Reverted(RpcFault):
    """A call or an estimate ended in a revert; `data` is what it returned."""

    code = REVERTED
