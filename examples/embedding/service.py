"""A function behind HTTP: POST its input to /run, get its outcome. `uvicorn service:app`

Guests run in worker processes, so that a slow, hostile or unlucky one disturbs neither the event loop nor its memory.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

import executor
from executor import PROFILE, Failed, Function, HostFault, InvalidValue, Returned, Trapped, WorkerPool

FOLDER = Path(__file__).resolve().parent.parent / "median_json"
WORKERS = 2


def load_function(folder: Path) -> Function:
    """The function of a folder with a function.toml."""
    manifest = executor.parse_manifest((folder / "function.toml").read_text(encoding="utf-8"))
    source = (folder / manifest.function.source).read_bytes()
    return Function(executor.engine_for(manifest.function.language), manifest.terms, source)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Check the machine, start the workers and compile the function before the first request."""
    executor.self_test()
    with TemporaryDirectory(prefix="executor-") as cache:
        async with WorkerPool(size=WORKERS, cache=Path(cache)) as pool:
            function = load_function(FOLDER)
            await pool.load(function)
            app.state.pool, app.state.function = pool, function
            app.state.function_id = executor.function_id(function)
            yield


app = FastAPI(title="A function of executor", lifespan=lifespan)


@app.exception_handler(InvalidValue)
async def invalid(_request: Request, error: Exception) -> Response:
    """The caller's fault."""
    return JSONResponse({"error": str(error)}, 422)


@app.exception_handler(HostFault)
async def fault(_request: Request, _error: Exception) -> Response:
    """Ours: nothing is known about the outcome, and asking again may help."""
    return JSONResponse({"error": "this machine could not run the function"}, 503, {"Retry-After": "1"})


@app.post("/run")
async def run(request: Request, timestamp: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0) -> Response:
    """Run the function over the body; what it ends in is an answer, also when it failed. Its Date is `timestamp`."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > PROFILE.ceilings.input_bytes:  # refused before it is held
            return JSONResponse({"error": f"at most {PROFILE.ceilings.input_bytes} bytes"}, 413)
    held = request.app.state
    demand = executor.Request.local(held.function_id, bytes(data), block_timestamp=timestamp)
    execution = await held.pool.execute(held.function, demand)
    match execution.outcome:
        case Returned(output, fuel_used):
            answer = {"kind": "returned", "output": "0x" + output.hex(), "fuel_used": fuel_used}
        case Failed(error, fuel_used):
            answer = {"kind": "failed", "error": error.decode("utf-8", "replace"), "fuel_used": fuel_used}
        case Trapped(code, fuel_used):
            answer = {"kind": "trapped", "code": code.name, "fuel_used": fuel_used}
        case _:
            raise InvalidValue("the function observes the world: it needs a transcript")
    return JSONResponse(answer)
