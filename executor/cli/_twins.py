"""A compiled function's module once more, with debugging information and hardly optimised: its twin, for places.

Nothing but executor/cli/_frames.py runs it. It is made when an error first needs it, and kept in the function's build
folder, by the digest of what that says it was made of. Go writes no lines into modules for WebAssembly: in its twin an
error of `errors.New` and `fmt.Errorf` knows where it was made, and says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from hashlib import sha256
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from executor.cli._compile import FLAGS, compile_c
from executor.cli._compile_assemblyscript import compile_assemblyscript
from executor.cli._compile_go import compile_go, find_go, find_sdk, library_of
from executor.cli._compile_rust import compile_rust
from executor.cli._compile_zig import compile_zig
from executor.projects import Project

_C: Final = (*(flag for flag in FLAGS if flag not in ("-O2", "-Werror", "-Wl,--strip-all")), "-Og", "-g", "-w")
_ZIG: Final = (
    *("-target", "wasm32-freestanding", "-O", "Debug", "-fllvm", "-fno-entry", "-rdynamic"),
    *("--stack", "1048576", "--name", "function"),
)
_RUST: Final = ("-Copt-level=0", "-Clto=fat", "-g", "-Clink-arg=-zstack-size=1048576")
# What Zig's compiler calls wherever an error is returned; ours tells _frames.py that it was called, and how deep.
_RETURNING: Final = """pub noinline fn returnError() void {
    @branchHint(.unlikely);
    @setRuntimeSafety(false);
    const st = @errorReturnTrace().?;
"""
_TOLD: Final = f'extern "trace" fn returned(index: usize) void;\n\n{_RETURNING}    returned(st.index);\n'
_GO_ERRORS: Final = (
    ("\npackage errors\n", '\npackage errors\n\nimport "runtime"\n'),
    (
        "\treturn &errorString{text}\n",
        "\tvar at [32]uintptr\n\treturn &errorString{text, at[:runtime.Callers(2, at[:])]}\n",
    ),
    ("\ts string\n}\n", "\ts  string\n\tat []uintptr\n}\n\nfunc (e *errorString) MadeAt() []uintptr { return e.at }\n"),
)
_GO_HEADLINE: Final = (
    (
        "\treturn err.Error()\n}\n\nfunc stack()",
        "\tvar made interface{ MadeAt() []uintptr }\n\tif errors.As(err, &made) {\n"
        "\t\treturn err.Error() + place(made.MadeAt())\n\t}\n\treturn err.Error()\n}\n\nfunc stack()",
    ),
)


@contextmanager
def twin_of(project: Project) -> Iterator[Path]:
    """The twin's file; a source map stands beside it where frames have no lines. Raises what compilers raise."""
    made_of = sha256(project.facts_path.read_bytes()).hexdigest()[:16]
    kept = project.build_folder / f"{project.manifest.function.name}.twin-{made_of}.wasm"
    if kept.exists():
        yield kept
        return
    with TemporaryDirectory(prefix="executor-twin-") as temporary:
        made = Path(temporary) / "twin.wasm"
        with redirect_stderr(StringIO()):  # its warnings were told when the function was built
            _compile(project, made, Path(temporary))
        with suppress(OSError):
            for former in project.build_folder.glob(f"{project.manifest.function.name}.twin-*"):
                former.unlink()
            for file in Path(temporary).glob("twin.wasm*"):
                (kept.with_name(kept.name + file.name.removeprefix("twin.wasm"))).write_bytes(file.read_bytes())
        yield made


def _compile(project: Project, out: Path, work: Path) -> None:
    source, folder = project.source_path, project.directory
    match project.manifest.function.language:
        case "assemblyscript":
            compile_assemblyscript(source, out, folder, own=True, traced=True)
        case "rust":
            compile_rust(source, out, folder, _RUST)
        case "zig":
            library = _library(work)
            compile_zig(source, out, folder, _ZIG if library is None else (*_ZIG, "--zig-lib-dir", str(library)))
        case "go":
            compile_go(source, out, folder, _go_files(work))
        case _:
            compile_c(source.resolve(), out, _C)


def _go_files(work: Path) -> dict[Path, Path]:
    """The files of Go's library and of the SDK that are others in a twin; none where they do not look as ours."""
    changed: dict[Path, Path] = {}
    for path, changes in (
        (library_of(find_go()) / "errors" / "errors.go", _GO_ERRORS),
        (find_sdk() / "executor" / "errors.go", _GO_HEADLINE),
    ):
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            if text.count(old) != 1:
                return {}
            text = text.replace(old, new)
        changed[path] = work / f"{len(changed)}.go"
        changed[path].write_text(text, encoding="utf-8")
    return changed


def _library(work: Path) -> Path | None:
    """Zig's library, but that errors tell where they are returned; None for one that does not look as ours."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    lib, own = Path(spec.origin).parent / "lib", work / "lib"
    changed = Path("std") / "lang.zig"
    try:
        text = (lib / changed).read_text(encoding="utf-8")
        if text.count(_RETURNING) != 1 or sys.platform == "win32":  # which makes links for administrators only
            return None
        (own / "std").mkdir(parents=True)
        for place in (Path(), Path("std")):
            for each in (lib / place).iterdir():
                if each.name not in ("std", changed.name) or place / each.name == Path("std", "std"):
                    (own / place / each.name).symlink_to(each)
        (own / changed).write_text(text.replace(_RETURNING, _TOLD), encoding="utf-8")
    except OSError:
        return None
    return own
