"""Building Rust: the same bytes anywhere, places that are the user's own, and words for a compiler that is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from suite.building import stale

from executor.cli import _compile_rust
from executor.cli._compile_rust import compile_rust
from executor.errors import InvalidConfig, InvalidModule
from executor.model.manifest import FunctionSection
from executor.projects import COMPILED
from tests.rust_compiler import use_pinned_rustc

from .harness import ROOT

EXAMPLES = ROOT / "guest-sdk" / "rust" / "examples"
OLD = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'rustc 1.95.0' || echo /nowhere\n"  # has no such target


@pytest.fixture
def rustc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned compiler."""
    use_pinned_rustc(monkeypatch)


@pytest.mark.usefixtures("rustc")
def test_a_module_rebuilds_byte_for_byte(tmp_path: Path) -> None:
    """In another folder, of another name: only source, SDK and compiler decide."""
    shutil.copy(EXAMPLES / "eth_usd.rs", tmp_path / "eth_usd.rs")
    done = compile_rust(tmp_path / "eth_usd.rs", tmp_path / "build" / "other-name.wasm", tmp_path)
    assert (done.compiler, done.inputs) == ("1.63.0", ("eth_usd.rs",))
    made = (tmp_path / "build" / "other-name.wasm").read_bytes()
    assert made == (EXAMPLES / "built" / "eth_usd.wasm").read_bytes()


@pytest.mark.usefixtures("rustc")
def test_a_source_that_does_not_compile_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The compiler's own words, with the user's file; nothing is left."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "wrong.rs").write_text('fn wrong() -> u8 {\n    "text"\n}\n')
    with pytest.raises(InvalidModule, match=r"wrong\.rs does not compile"):
        compile_rust(tmp_path / "src" / "wrong.rs", tmp_path / "build" / "wrong.wasm", tmp_path)
    assert "--> src/wrong.rs:2:5" in capsys.readouterr().err
    assert list((tmp_path / "build").iterdir()) == []


@pytest.mark.parametrize(
    ("program", "told"), [(None, "rustc is missing"), (OLD, "rustc has no wasm32-unknown-unknown")]
)
def test_a_missing_compiler_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, told: str
) -> None:
    """None at all, and one without the target."""
    monkeypatch.delenv("RUSTC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_compile_rust, "_CHECKOUTS_OWN", tmp_path / "none")
    if program:
        (tmp_path / "rustc").write_text(program)
        (tmp_path / "rustc").chmod(0o755)
    with pytest.raises(InvalidConfig) as refused:
        compile_rust(EXAMPLES / "echo.rs", tmp_path / "echo.wasm", EXAMPLES)
    assert told in str(refused.value)
    assert "rustup target add wasm32-unknown-unknown" in str(refused.value)
    assert "apt install rustc libstd-rust-dev-wasm32 lld" in str(refused.value)


def test_a_compiler_that_is_named_and_missing_is_told_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one, which the user did not name, does not compile in its stead."""
    (tmp_path / "rustc").write_text(OLD)
    (tmp_path / "rustc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RUSTC", "/nonexistent/rustc")
    with pytest.raises(InvalidConfig, match=r"\$RUSTC is '/nonexistent/rustc', and no program is there"):
        compile_rust(EXAMPLES / "echo.rs", tmp_path / "echo.wasm", EXAMPLES)


def test_a_compilers_words_move_no_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They quote the source, which may be a stranger's; lines and tabs stay."""
    (tmp_path / "libcore-1.rlib").touch()
    told = "case $1 in --print*) echo {0};; --version) echo 1;; *) printf 'a\\n\\tb\\033[2J\\n' >&2; exit 1;; esac\n"
    (tmp_path / "rustc").write_text("#!/bin/sh\n" + told.format(tmp_path))
    (tmp_path / "rustc").chmod(0o755)
    monkeypatch.setenv("RUSTC", str(tmp_path / "rustc"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InvalidModule):
        compile_rust(EXAMPLES / "echo.rs", tmp_path / "echo.wasm", EXAMPLES)
    assert capsys.readouterr().err == "a\n\tb\\x1b[2J\n"


def test_a_library_that_is_there_as_source_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of Debian's rustc-web: by cargo, offline where its crates stand beside; a linker of another name is found."""
    sysroot, tools, folder = tmp_path / "root", tmp_path / "bin", tmp_path / "function"
    for each in (tools, folder, sysroot / "lib" / "rustlib" / "src" / "rust" / "library" / "vendor"):
        each.mkdir(parents=True)
    (sysroot / "lib" / "rustlib" / "src" / "rust" / "library" / "Cargo.toml").touch()
    answers = (
        f"case $1 in --print=target-libdir) echo /none;; --print=sysroot) echo {sysroot};; --version|-vV) echo 1;;"
    )
    compiling = f'*) echo "$*" >> {tmp_path}/rustc-log\ncase "$*" in *wasm-ld-22*|*type=rlib*) ;;'
    compiling += ' *) echo "error: linker \\`rust-lld\\` not found" >&2; exit 1;; esac\n'
    compiling += "for each; do case $each in --emit=link=*) out=${each#--emit=link=}; touch ${out%%,*}\n"
    compiling += 'echo "x: given.rs" > ${out##*dep-info=};; */fresh.rlib) touch $each;; esac; done;; esac'
    cargo = (
        f'echo "$RUSTC $RUSTC_BOOTSTRAP $*" >> {tmp_path}/cargo-log; made=target/wasm32-unknown-unknown/release/deps\n'
    )
    for name, text in (
        ("rustc", f"{answers} {compiling}"),
        ("wasm-ld-22", ""),
        ("cargo", f"{cargo}mkdir -p $made; touch $made/libstd-1.rlib"),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    (folder / "given.rs").touch()
    monkeypatch.delenv("RUSTC", raising=False)
    monkeypatch.setattr(_compile_rust, "_CHECKOUTS_OWN", tmp_path / "none")
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        assert compile_rust(folder / "given.rs", tmp_path / "out.wasm", folder).inputs == ("given.rs",)
    asked = (
        f"{tools}/rustc 1 build --release --target=wasm32-unknown-unknown -Zbuild-std=std,panic_abort --quiet --offline"
    )
    assert (tmp_path / "cargo-log").read_text().splitlines() == [asked]
    (library,) = (tmp_path / "cache").rglob("libstd-1.rlib")
    *_, linked = (tmp_path / "rustc-log").read_text().splitlines()
    assert linked.startswith(f"--sysroot={library.parents[4]} -Clinker={tools}/wasm-ld-22 -Clinker-flavor=wasm-ld ")
    (tools / "cargo").unlink()
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(InvalidConfig, match="as source only, and building it needs cargo: on Debian `apt install"):
        compile_rust(folder / "given.rs", tmp_path / "out.wasm", folder)


def test_the_examples_were_built_from_these_sources() -> None:
    """Whoever changes SDK or example without building again is told so."""
    assert stale(EXAMPLES / "built") == []
    assert {path.stem for path in EXAMPLES.glob("*.rs")} == {path.stem for path in (EXAMPLES / "built").glob("*.wasm")}


def test_every_compiled_language_can_stand_in_a_manifest() -> None:
    """None is forgotten there."""
    for language in COMPILED:
        assert FunctionSection(name="x", language=language, source="x").language == language


def test_setting_up_where_there_is_no_debian_says_so(tmp_path: Path) -> None:
    """Exit code 2, which a test may skip; nothing is left behind."""
    for name in ("rust", "aarch64"):
        shutil.copytree(ROOT / "tools" / name, tmp_path / "tools" / name)
    command = [sys.executable, str(tmp_path / "tools" / "rust" / "setup.py")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/nonexistent"}, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("no Rust compiler for this machine: ")
    assert [path.name for path in (tmp_path / ".engines").iterdir()] == ["rust.lock"]
