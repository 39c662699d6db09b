"""Rust's standard library for WebAssembly, built where a compiler comes with its source and not with a built one.

So it is with Debian's rustc-web and rust-web-src, and with rustup's component rust-src. cargo builds it with
`-Z build-std`, of the crates that stand beside that source where they do; once for each compiler, into the user's
cache.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer

from executor.cli._compiler import run_compiler
from executor.cli._load import cache_folder
from executor.cli._show import tell_compilers
from executor.errors import InvalidConfig

TARGET: Final = "wasm32-unknown-unknown"
BUILD: Final = ("build", "--release", f"--target={TARGET}", "-Zbuild-std=std,panic_abort", "--quiet")
SOURCE: Final = Path("lib") / "rustlib" / "src" / "rust"  # below the compiler's own folder
CRATE: Final = '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "nothing.rs"\n'
PROFILE: Final = '[profile.release]\nopt-level = "s"\ncodegen-units = 1\npanic = "abort"\n'
VENDORED: Final = '[source.crates-io]\nreplace-with = "beside"\n[source.beside]\ndirectory = {directory!r}\n'


def has_source(sysroot: Path) -> bool:
    """Whether the library can be built for the compiler of this folder, as far as one sees."""
    return (sysroot / SOURCE / "library" / "Cargo.toml").exists()


def library_for(rustc: str, sysroot: Path, described: str) -> Path:
    """A folder for `--sysroot` with the library of WebAssembly; `described` is what `rustc -vV` says.

    Raises InvalidConfig without cargo, and where it could not be built.
    """
    cargo = _cargo(rustc)
    key = sha256("\0".join([described, CRATE, PROFILE, *BUILD]).encode()).hexdigest()[:32]
    made = cache_folder().with_name("rust") / f"library-{key}"
    if made.exists():
        return made
    typer.echo("executor: building Rust's library for WebAssembly, a minute or two, once on this machine", err=True)
    source = sysroot / SOURCE
    made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(prefix="library-", dir=made.parent) as temporary:
        work = Path(temporary)
        (work / "Cargo.toml").write_text(CRATE + PROFILE, encoding="utf-8")
        (work / "nothing.rs").touch()
        (work / ".cargo").mkdir()
        vendored = source / "library" / "vendor"
        if vendored.exists():
            (work / ".cargo" / "config.toml").write_text(VENDORED.format(directory=str(vendored)), encoding="utf-8")
        settings = {
            "RUSTC": rustc,
            "RUSTC_BOOTSTRAP": "1",  # what is unstable of cargo is the flag, not what it builds
            "CARGO_HOME": str(work / "home"),  # none of the user's settings
            "RUSTFLAGS": " ".join(["-Cembed-bitcode=yes", *_nameless(source), *_nameless(source.resolve())]),
        }
        done = run_compiler([cargo, *BUILD, *(["--offline"] if vendored.exists() else [])], work, settings)
        if done.returncode != 0:
            tell_compilers(done.stderr)
            raise InvalidConfig(f"{cargo} could not build Rust's library for WebAssembly with {rustc}")
        libraries = work / "sysroot" / "lib" / "rustlib" / TARGET / "lib"
        libraries.mkdir(parents=True)
        for each in (work / "target" / TARGET / "release" / "deps").glob("*.rlib"):
            if not each.name.startswith("libnothing-"):
                each.rename(libraries / each.name)
        if not made.exists():  # another process may have been faster
            (work / "sysroot").rename(made)
    return made


def _nameless(source: Path) -> tuple[str, ...]:
    """So that no module holds where the source stood; a place with a space in it cannot be told to cargo this way."""
    return () if " " in str(source) else (f"--remap-path-prefix={source}=rust",)


def _cargo(rustc: str) -> str:
    """The one beside the compiler, else the one on PATH."""
    beside = Path(rustc).with_name("cargo")
    found = str(beside) if beside.exists() else shutil.which("cargo")
    if found is None:
        raise InvalidConfig(
            f"{rustc} has Rust's library for WebAssembly as source only, and building it needs cargo: "
            "on Debian `apt install cargo-web`"
        )
    return found
