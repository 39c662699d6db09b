"""A function's bytes from a node that keeps them."""

from __future__ import annotations

from typing import Final

import aiohttp

from executor.crypto.digests import function_id
from executor.errors import HostFault, InvalidEncoding, InvalidManifest, InvalidValue
from executor.model.function import Function
from executor.model.ids import FunctionId
from executor.node.functions import MAX_UPLOAD_BYTES, unpack_function
from executor.transport.bodies import read_whole

ASK_S: Final = 60.0  # 40 MB over a slow line
_OK: Final = 200


async def kept_function(node: str, identity: FunctionId) -> Function:
    """The function with this id; raises HostFault when the node does not give it."""
    url = f"{node.rstrip('/')}/v1/functions/{identity}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            status, data = response.status, await read_whole(response.content, MAX_UPLOAD_BYTES)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise HostFault(f"{node} does not answer: {' '.join(str(error).split())[:200] or 'too slow'}") from error
    if status != _OK or data is None:
        raise HostFault(f"{node} does not give function {identity}: HTTP {status}")
    try:
        function = unpack_function(data)
    except (InvalidEncoding, InvalidManifest, InvalidValue) as error:
        raise HostFault(f"{node} gave no function: {error}") from error
    if (given := function_id(function)) != identity:
        raise HostFault(f"{node} gave function {given}, asked for {identity}")
    return function
