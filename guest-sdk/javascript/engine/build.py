"""Build the JavaScript engine: QuickJS-ng and the SDK, compiled to one core WebAssembly module and snapshotted.

    python guest-sdk/javascript/engine/build.py            # writes executor/engines/quickjs.{wasm,json}
    python guest-sdk/javascript/engine/build.py --check    # rebuilds elsewhere and compares with what is committed

The result depends on the pinned sources and the pinned compiler only; two builds give the same bytes.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

import wasmtime
from depth import GLOBAL as SLOTS
from depth import count_slots
from eth_hash.auto import keccak
from patches import patched
from snapshot import exported_global, snapshot

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ENGINES = ROOT / "executor" / "engines"
SDK = HERE.parent / "src"

SDIST_NAME, SDIST_VERSION = "quickjs-ng", "0.17.0.2"
SDIST_SHA256 = "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef"
ZIGLANG_VERSION = "0.17.1"

QUICKJS_FILES = ("quickjs.c", "libregexp.c", "libunicode.c", "dtoa.c")
ENGINE_FILES = ("engine.c", "native.c", "wasi.c", "slots.s")
COMPILE_FLAGS = (
    "-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-DNDEBUG", "-D_GNU_SOURCE", "-DQUICKJS_NG_BUILD",
    "-fno-sanitize=undefined", "-funsigned-char", "-Wno-everything",
)  # fmt: skip
# 2 MiB: room below QuickJS's own stack limit for the largest argument list (engine.c, JS_STACK_BYTES).
LINK_FLAGS = (
    "-Wl,-z,stack-size=2097152", "-Wl,--export=__stack_pointer", "-Wl,--export=stack_slots", "-Wl,--strip-all",
    "-Wl,--gc-sections",
)  # fmt: skip
# These two are called here, once, and are not part of the ABI.
PREPARE = ("_initialize", "prepare")
DROPPED_EXPORTS = (*PREPARE, "__stack_pointer", "stack_slots")
EXPORTS = {"memory", "alloc", "load", "run"}
IMPORTS = {"observe", "propose", "call", "read", "fail", "log"}


class BuildError(Exception):
    """The engine cannot be built, or what was built breaks the guest ABI."""


def build(work: Path) -> tuple[bytes, dict[str, object]]:
    """The engine's bytes and the manifest that says where they come from."""
    if version("ziglang") != ZIGLANG_VERSION:
        raise BuildError(f"ziglang {ZIGLANG_VERSION} decides the engine's bytes; this is {version('ziglang')}")
    quickjs = fetch_sources(work)
    (work / "sdk_modules.h").write_text(embed_sdk(), encoding="ascii")
    linked = work / "linked.wasm"
    sources = [str(quickjs / name) for name in QUICKJS_FILES] + [str(HERE / name) for name in ENGINE_FILES]
    includes = ["-include", str(HERE / "slots.h"), f"-I{quickjs}", f"-I{HERE}", f"-I{work}"]
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        *COMPILE_FLAGS,
        *includes,
        *sources,
        "-o",
        str(linked),
        *LINK_FLAGS,
    ]
    subprocess.run(command, check=True)
    module = linked.read_bytes()
    wasm = snapshot(count_slots(module, exported_global(module, SLOTS)), PREPARE, DROPPED_EXPORTS)
    check_abi(wasm)
    return wasm, manifest(wasm)


def fetch_sources(work: Path) -> Path:
    """Download the pinned source distribution, check its hash, unpack it, apply our patches."""
    requirement = f"{SDIST_NAME}=={SDIST_VERSION}"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        "-d",
        str(work),
        requirement,
    ]
    subprocess.run(pip, check=True)
    (archive,) = work.glob("*.tar.gz")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        raise BuildError(f"{archive.name} has sha256 {digest}, pinned is {SDIST_SHA256}")
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    quickjs = work / archive.name.removesuffix(".tar.gz") / "upstream-quickjs"
    main = quickjs / "quickjs.c"
    main.write_text(patched(main.read_text(encoding="utf-8")), encoding="utf-8")
    return quickjs


def embed_sdk() -> str:
    """The SDK's modules as a C table, in the order of their names."""
    rows = []
    for path in sorted(SDK.glob("*.js")):
        source = path.read_bytes()
        literal = ",".join(map(str, source + b"\0"))
        rows.append(f'    {{"executor/{path.name}", (const char[]){{{literal}}}, {len(source)}}},')
    struct = "struct sdk_module { const char *name, *source; size_t len; };"
    table = "\n".join(["static const struct sdk_module sdk_modules[] = {", *rows, "    {NULL, NULL, 0},", "};"])
    return f"/* Written by build.py from guest-sdk/javascript/src. */\n{struct}\n{table}\n"


def check_abi(wasm: bytes) -> None:
    """The module has the exports of an engine and imports nothing but the ABI."""
    module = wasmtime.Module(wasmtime.Engine(), wasm)
    exports = {export.name for export in module.exports}
    if exports != EXPORTS:
        raise BuildError(f"exports are {sorted(exports)}, expected {sorted(EXPORTS)}")
    foreign = [
        (item.module, item.name) for item in module.imports if item.module != "executor" or item.name not in IMPORTS
    ]
    if foreign:
        raise BuildError(f"imports outside the guest ABI: {foreign}")


def manifest(wasm: bytes) -> dict[str, object]:
    """Where the bytes come from: enough to build them again."""
    inputs = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in input_files()}
    return {
        "abi": 1,
        "language": "javascript",
        "sha256": hashlib.sha256(wasm).hexdigest(),
        "module_id": "0x" + keccak(wasm).hex(),
        "size_bytes": len(wasm),
        "source": {"package": SDIST_NAME, "version": SDIST_VERSION, "registry": "PyPI", "sha256": SDIST_SHA256},
        "toolchain": {"ziglang": ZIGLANG_VERSION, "flags": [*COMPILE_FLAGS, *LINK_FLAGS]},
        "inputs": inputs,
        "licences": {
            "QuickJS-ng": "MIT, (c) 2017-2026 Fabrice Bellard, Charlie Gordon, Ben Noordhuis, Saúl Ibarra Corretgé",
            "wasi-libc": "Apache-2.0 WITH LLVM-exception, and MIT (musl, (c) 2005-2020 Rich Felker et al.)",
        },
    }


def input_files() -> list[Path]:
    """Our own files that decide the engine's bytes."""
    return sorted(
        [
            *SDK.glob("*.js"),
            *HERE.glob("*.c"),
            *HERE.glob("*.h"),
            HERE / "slots.s",
            *(HERE / f"{name}.py" for name in ("depth", "patches", "snapshot")),
            ROOT / "executor" / "vm" / "image.py",
        ],
        key=lambda path: path.name,
    )


def check(wasm: bytes, facts: dict[str, object]) -> None:
    """What is committed is exactly what was just built."""
    if (ENGINES / "quickjs.wasm").read_bytes() != wasm:
        raise BuildError("executor/engines/quickjs.wasm differs from what its sources build")
    if json.loads((ENGINES / "quickjs.json").read_text(encoding="utf-8")) != facts:
        raise BuildError("executor/engines/quickjs.json differs from what its sources build")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the JavaScript engine.")
    parser.add_argument("--check", action="store_true", help="compare with the committed engine, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        wasm, facts = build(Path(work))
    if arguments.check:
        check(wasm, facts)
    else:
        ENGINES.mkdir(exist_ok=True)
        (ENGINES / "quickjs.wasm").write_bytes(wasm)
        (ENGINES / "quickjs.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"quickjs.wasm {len(wasm)} bytes, sha256 {facts['sha256']}\n")


if __name__ == "__main__":
    main()
