"""What the engine calls: once before the snapshot, then to load the user's file, to start it, to tell an error."""

from __future__ import annotations

import _imp
import datetime
import decimal
import gc
import importlib
import json
import linecache
import re
import sys
from types import ModuleType

import executor_guest
from executor_guest import _describe, _entry, _restrictions, _streams

describe = _describe.describe
_BOOTSTRAP = ("zipimport", "importlib._bootstrap", "__hello", "__phello", "getpath", "runpy", "site", "test")


def prepare() -> None:
    """Import everything and fill what is filled on first use; called once, before the snapshot."""
    for name in getattr(_imp, "_frozen_module_names")():  # noqa: B009 - no name that the type checker knows
        if not name.startswith(_BOOTSTRAP):
            importlib.import_module(name)
    sys.stdout, sys.stderr, sys.stdin = _streams.OUT, _streams.ERR, None
    _restrictions.restrict()
    _warm_up()
    gc.collect()
    gc.freeze()


def load(source: bytes) -> None:
    """Compile the user's file and run its top level."""
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SyntaxError(f"{_describe.FILE} is not UTF-8 (at byte {error.start})") from None
    _describe.keep_source(text)
    linecache.cache[_describe.FILE] = (len(text), None, text.splitlines(keepends=True), _describe.FILE)
    code = compile(text, _describe.FILE, "exec", dont_inherit=True)
    module = ModuleType("function")
    module.__file__ = _describe.FILE
    sys.modules["function"] = module
    exec(code, module.__dict__)  # noqa: S102 - this is what an engine is for
    _entry.check_marked()
    _streams.finish()


def start(data: bytes) -> bytes:
    """The function's output."""
    output = _entry.call(data)
    _streams.finish()
    return output


def _warm_up() -> None:
    """What a usual function does, so that the snapshot holds what is made on first use."""
    json.loads('{"a": [1, 2.5, null, true, "\\u00e9"]}', parse_constant=str)
    json.dumps({"a": [1, 2.5, None]}, ensure_ascii=False, separators=(",", ":"))
    re.compile("(a|b)+?[0-9]{2}$").match("ab12")
    decimal.Decimal("1.1") / 3
    datetime.datetime.strptime("2020-01-01 +0000", "%Y-%m-%d %z").isoformat()
    code = compile("@str\ndef f(x, *y, z=1):\n    return [a for a in y if f'{x}' or z]\n", "warm", "exec")
    exec(code, {})  # noqa: S102
    executor_guest.abi.decode(["uint256", "string"], executor_guest.abi.encode(["uint256", "string"], [1, "one"]))
    executor_guest.median.encode(executor_guest.rounded("1.25", 1))
