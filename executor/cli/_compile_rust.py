"""Compiling Rust functions with the machine's own rustc; its version decides the bytes, its place does not.

Rule 1. The first rustc counts that has the standard library of wasm32-unknown-unknown: $RUSTC, then those on PATH, then
        the one that tools/rust/setup.py puts into a checkout. A $RUSTC that is not there is an error. Where none has
        it, the first counts that has its source (executor/cli/_rust_library.py); for $RUSTC that is enough.
Rule 2. Nothing of this machine comes into the module: paths are relative to the function's folder and to the SDK's.
Rule 3. The SDK is compiled once for each compiler and kept in the user's cache, by the digest of all that decides it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from executor.cli._compiler import inputs_of, named_from, run_compiler
from executor.cli._load import cache_folder
from executor.cli._rust_library import TARGET, has_source, library_for
from executor.cli._show import tell_compilers
from executor.errors import HostFault, InvalidConfig, InvalidModule

# The stack is a quarter of what rustc takes by default: each page of it costs fuel in every run (docs/metering.md).
FLAGS: Final = (
    *("--edition=2021", f"--target={TARGET}", "-Copt-level=s", "-Ccodegen-units=1", "-Cpanic=abort"),
    "-Ctarget-feature=+bulk-memory,+nontrapping-fptoint",
)
SDK_FLAGS: Final = ("--crate-type=rlib", "--crate-name=executor_guest", "-Clinker-plugin-lto", "--cap-lints=allow")
LINK_FLAGS: Final = ("-Clto=fat", "-Cstrip=symbols", "-Clink-arg=-zstack-size=262144")
INSTALL: Final = (
    f"`rustup target add {TARGET}`, or on Debian `apt install rustc libstd-rust-dev-wasm32 lld`, "
    "or `apt install rustc-web rust-web-src cargo-web lld`"
)
LINKERS: Final = ("wasm-ld", *(f"wasm-ld-{version}" for version in range(40, 13, -1)))  # as Debian's lld names them
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_SDKS: Final = (_PACKAGE / "sdk" / "rust", _PACKAGE.parent / "guest-sdk" / "rust")  # in a wheel; in a checkout
_CHECKOUTS_OWN: Final = _PACKAGE.parent / ".engines" / "rust" / "rustc"


@dataclass(frozen=True, slots=True)
class Compiled:
    """By what a module was made, and of which files, named from the function's folder on."""

    compiler: str
    inputs: tuple[str, ...]


def compile_rust(source: Path, out: Path, folder: Path, linking: Sequence[str] = LINK_FLAGS) -> Compiled:
    """Writes the module of a Rust source in a function's folder, from which the places in errors count.

    Raises InvalidConfig without compiler or SDK, InvalidModule for what does not compile.
    """
    folder = folder.resolve()
    rustc = _with_library(find_rustc(folder), folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="executor-rust-") as temporary:
        made = Path(temporary)
        of_function = ["--crate-type=cdylib", "--crate-name=function", *linking]
        extern = f"--extern=executor_guest={_library(rustc, folder, made)}"
        emitted = f"--emit=link={made / 'function.wasm'},dep-info={made / 'inputs'}"
        name = str(source.resolve().relative_to(folder))
        _link(rustc, [*of_function, extern, f"--remap-path-prefix={folder}=.", emitted, name], folder)
        shutil.copyfile(made / "function.wasm", out)
        inputs = tuple(named_from(folder, path) for path in inputs_of(made / "inputs", folder))
        return Compiled(version_of(rustc[0], folder), inputs)


def find_rustc(folder: Path) -> str:
    """The rustc that compiles in this folder; raises InvalidConfig."""
    found = []
    for rustc in _candidates():
        found.append(_behind_rustup(rustc))
        if _has_target(found[-1], folder) or (rustc == os.environ.get("RUSTC") and _has_source(found[-1], folder)):
            return found[-1]
    if with_source := next((rustc for rustc in found if _has_source(rustc, folder)), None):
        return with_source
    what = f"has no {TARGET}" if found else "is missing"
    raise InvalidConfig(f"building Rust needs a compiler for WebAssembly, and rustc {what} here: {INSTALL}")


def version_of(rustc: str, folder: Path) -> str:
    """Such as `1.63.0`, with the commit where rustc says one: what a build's bytes depend on."""
    return _ask(rustc, ["--version"], folder).strip().removeprefix("rustc ")


def _candidates() -> Iterator[str]:
    if named := os.environ.get("RUSTC"):
        if shutil.which(named) is None:
            raise InvalidConfig(f"$RUSTC is {named!r}, and no program is there: name a rustc, or unset it")
        yield named
    for folder in os.get_exec_path():
        if found := shutil.which("rustc", path=folder):
            yield found
    if _CHECKOUTS_OWN.exists():
        yield str(_CHECKOUTS_OWN)


def _behind_rustup(rustc: str) -> str:
    """The compiler that rustup runs by default: a file in a function's folder could have it run any program."""
    if not Path(rustc).with_name("rustup").exists():
        return rustc
    real = Path(_ask(rustc, ["--print=sysroot"], Path("/")).strip()) / "bin" / "rustc"
    return str(real) if real.is_absolute() and real.exists() else rustc


def _has_target(rustc: str, folder: Path) -> bool:
    libraries = _ask(rustc, ["--print=target-libdir", f"--target={TARGET}"], folder).strip()
    return bool(libraries) and any(Path(libraries).glob("libcore-*.rlib"))


def _has_source(rustc: str, folder: Path) -> bool:
    sysroot = _ask(rustc, ["--print=sysroot"], folder).strip()
    return bool(sysroot) and has_source(Path(sysroot))


def _with_library(rustc: str, folder: Path) -> list[str]:
    """The command, with the library that was built for it where it came with none."""
    if _has_target(rustc, folder):
        return [rustc]
    sysroot, described = (_ask(rustc, [what], folder).strip() for what in ("--print=sysroot", "-vV"))
    return [rustc, f"--sysroot={library_for(rustc, Path(sysroot), described)}"]


def _ask(rustc: str, arguments: list[str], folder: Path) -> str:
    try:
        done = run_compiler([rustc, *arguments], folder)
    except HostFault:
        return ""  # it cannot run here: as good as none
    return done.stdout if done.returncode == 0 else ""


def _sdk() -> Path:
    found = next((folder for folder in _SDKS if (folder / "src" / "lib.rs").exists()), None)
    if found is None:
        raise InvalidConfig("the Rust SDK (executor-guest) is not part of this installation; use a source checkout")
    return found


def _library(rustc: list[str], folder: Path, made: Path) -> Path:
    """The compiled SDK: from the cache, or compiled and put there, or only compiled where there is no cache."""
    sdk = _sdk()
    sources = "".join(f"{path.relative_to(sdk)}\0{path.read_text()}\0" for path in sorted((sdk / "src").rglob("*.rs")))
    own = rustc[1:]  # a library that was built here
    decides = "\0".join([_ask(rustc[0], ["--version", "--verbose"], folder), *own, *FLAGS, *SDK_FLAGS, sources])
    try:
        kept = cache_folder().with_name("rust") / sha256(decides.encode()).hexdigest()[:32] / "libexecutor_guest.rlib"
        if kept.exists():
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: this machine knows no home folder
        kept = made / "libexecutor_guest.rlib"
    fresh = made / "fresh.rlib"
    _compile(rustc, [*SDK_FLAGS, f"--remap-path-prefix={sdk}=executor_guest", "-o", str(fresh), "src/lib.rs"], sdk)
    beside = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.copyfile(fresh, beside)
    return beside.replace(kept)


def _link(rustc: list[str], arguments: list[str], folder: Path) -> None:
    """Compile with rustc's own linker, or where that is missing with LLVM's under another name."""
    try:
        return _compile(rustc, arguments, folder)
    except _NoLinker:
        linker = next(filter(None, map(shutil.which, LINKERS)), None)
        if linker is None:
            raise InvalidConfig("rustc's linker for WebAssembly is missing: `apt install lld` on Debian") from None
        return _compile([*rustc, f"-Clinker={linker}", "-Clinker-flavor=wasm-ld"], arguments, folder)


class _NoLinker(Exception):
    """rustc did not find its linker."""


def _compile(rustc: list[str], arguments: list[str], folder: Path) -> None:
    done = run_compiler([*rustc, *FLAGS, *arguments], folder)
    if "linker `rust-lld` not found" in done.stderr:
        raise _NoLinker
    tell_compilers(done.stderr)
    if done.returncode == 0:
        return
    raise InvalidModule(f"{folder / arguments[-1]} does not compile")
