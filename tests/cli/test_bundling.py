"""TypeScript and imported packages: bundled by `build`, the same bytes everywhere, errors in the user's own lines."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cli_types import Run

from executor.crypto.digests import function_id, keccak256
from executor.errors import InvalidConfig
from executor.projects import load_function, load_project
from executor.testing import function_of_source, simulate

ROOT = Path(__file__).resolve().parents[2]
BUNDLER = ROOT / "guest-sdk" / "javascript" / "bundler" / "node_modules"
MANIFEST = """
[function]
name = "price"
language = "javascript"
source = "{source}"

[capabilities.http]
hosts = ["api.example.com"]
"""
PRICE = """import { abi, http, median, observe, type Input } from "executor";
import { scale } from "./scale";

interface Reply {
  price: string;
}

export default async function (input: Input): Promise<Uint8Array> {
  const price = await observe(median, async () => {
    const reply: Reply = (await http.get("https://api.example.com/price")).json();
    return reply.price;
  });
  if (input.text() === "boom") throw new RangeError("too much");
  return abi.encode(["uint256"], [scale(price)]);
}
"""
SCALE = """import type { Decimal } from "executor";

export function scale(price: Decimal): bigint {
  if (price.compare(1000) > 0) {
    throw new Error("dear");
  }
  return price.scaled(8);
}
"""
TYPESCRIPT = {"src/price.ts": PRICE, "src/scale.ts": SCALE}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A function's folder: `make({file: text})`; the first file is the source."""

    def folder(files: Mapping[str, str], name: str = "price", manifest: str = "") -> Path:
        place = tmp_path / name
        for file, text in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(text, encoding="utf-8")
        (place / "function.toml").write_text(MANIFEST.format(source=next(iter(files))) + manifest)
        return place

    return folder


def built(executor: Run, folder: Path) -> dict[str, object]:
    done = executor("build", folder, "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, object] = json.loads(done.stdout)
    return facts


def test_typescript_is_built_and_runs(executor: Run, make: Make) -> None:
    """Types are gone, files are one, and the id is over what runs."""
    folder = make(TYPESCRIPT)
    facts = built(executor, folder)
    bundle = (folder / "build" / "price.js").read_text()
    assert "interface" not in bundle
    assert "// src/scale.ts" in bundle  # for people: nothing is minified
    assert facts["source_hash"] == str(keccak256(bundle.encode()))
    assert facts["function_id"] == str(function_id(load_function(folder)))
    assert facts["toolchain"] == {"esbuild": "0.28.2"}
    done = executor("run", folder, "--observe", "0=12.5", "--json")
    assert int(json.loads(done.stdout)["payload"], 16) == 1_250_000_000


def test_a_bundle_is_the_same_wherever_it_is_built(executor: Run, make: Make) -> None:
    """In another folder, beside a tsconfig.json and with variables that add packages."""
    first = make(TYPESCRIPT)
    second = make({**TYPESCRIPT, "tsconfig.json": '{"compilerOptions": {"target": "es5"}}'}, name="a/b c/deep")
    assert built(executor, first)["function_id"] == built(executor, second)["function_id"]
    done = executor("build", second, "--json", env={"NODE_PATH": str(first), "NODE_ENV": "development"})
    assert json.loads(done.stdout)["function_id"] == built(executor, first)["function_id"]


def test_minified_bundles_are_smaller_and_say_so_in_their_id(executor: Run, make: Make) -> None:
    """`build.minify` is the owner's choice; changed, what was built before is out of date."""
    folder = make(TYPESCRIPT)
    plain = built(executor, folder)
    with (folder / "function.toml").open("a") as manifest:
        manifest.write("\n[build]\nminify = true\n")
    assert "has changed since it was built" in executor("run", folder).stderr
    small = built(executor, folder)
    assert (small["source_bytes"] < plain["source_bytes"], small["manifest_hash"]) == (True, plain["manifest_hash"])


@pytest.mark.parametrize(
    "source",
    [
        'import { abi } from "executor";\nexport default () => "";\n',
        "// import x from 'lodash'\nexport default () => '';\n",
        "const quote = /[`'\"]/;\nconst text = 'import x from \"y\"';\nexport default () => text + quote;\n",
    ],
)
def test_javascript_that_stands_alone_keeps_its_bytes(executor: Run, make: Make, source: str) -> None:
    """Its id is that of the file, as it was before there was a bundler."""
    folder = make({"f.js": source})
    terms = load_function(folder).terms
    assert built(executor, folder)["function_id"] == str(function_id(function_of_source(source, terms)))


def test_a_file_that_only_looks_as_if_it_imported_keeps_its_bytes(executor: Run, make: Make) -> None:
    """A quote in a regular expression misleads who reads imports by their form; the bundler knows better."""
    source = "const one = /'/;\nconst text = `\nimport a from 'b'`;\nconst two = /'/;\nexport default () => '';\n"
    hidden = "const tick = /`/;\nconst text = '\\\n`import a from \"b\"';\nexport default () => text;\n"
    for text in (source, hidden):
        folder = make({"f.js": text})
        terms = load_project(folder).manifest.terms
        assert built(executor, folder)["function_id"] == str(function_id(function_of_source(text, terms)))
        assert executor("run", folder).returncode == 0


def test_javascript_imports_its_own_files_and_json(executor: Run, make: Make) -> None:
    """Files beside it, also of data."""
    files = {
        "f.js": "import { two } from './two.js';\nimport data from './data.json';\n"
        "export default () => `${two} ${data.three}`;\n"
    }
    folder = make({**files, "two.js": "export const two = 2;\n", "data.json": '{"three": 3}'})
    assert list(built(executor, folder)["inputs"]) == ["data.json", "f.js", "two.js"]  # type: ignore[call-overload]
    assert "'2 3'" in executor("run", folder).stdout


def test_packages_are_bundled(executor: Run, make: Make) -> None:
    """An audited hash library and a CommonJS one, from node_modules, compute what ours do."""
    folder = make(
        {
            "f.ts": 'import { keccak_256 } from "@noble/hashes/sha3.js";\nimport Big from "big.js";\n'
            "export default (input: { bytes: Uint8Array }) => {\n"
            '  if (new Big("0.1").plus("0.2").toString() !== "0.3") throw new Error("inexact");\n'
            "  return keccak_256(input.bytes);\n};\n"
        }
    )
    for package in ("@noble/hashes", "big.js"):
        shutil.copytree(BUNDLER / package, folder / "node_modules" / package)
    built(executor, folder)
    done = executor("run", folder, "--input", "0x1234", "--json")
    assert json.loads(done.stdout)["payload"] == str(keccak256(b"\x12\x34"))


@pytest.mark.parametrize("change", ["src/scale.ts", "src/price.ts"])
def test_an_edit_of_any_file_is_noticed(executor: Run, make: Make, change: str) -> None:
    """What runs is what was built from what is there."""
    folder = make(TYPESCRIPT)
    assert "is not built yet: run `executor build" in executor("run", folder).stderr
    built(executor, folder)
    assert executor("run", folder, "--observe", "0=1").returncode == 0
    (folder / change).write_text((folder / change).read_text() + "// edited\n")
    done = executor("run", folder, "--observe", "0=1")
    assert (done.returncode, "has changed since it was built" in done.stderr) == (2, True)
    (folder / "src/scale.ts").unlink()
    assert "has changed since it was built" in executor("run", folder).stderr


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"f.ts": "export default () => 1;\nconst x y = 2;\n"}, 'f.ts:2:9: Expected ";" but found "y"'),
        ({"f.ts": "import './g';\nexport default () => 1;\n", "g.ts": "\n\n  }"}, 'g.ts:3:3: Unexpected "}"'),
        ({"f.ts": "import _ from 'lodash/fp';\nexport default () => _;\n"},
         'f.ts:1:15: Could not resolve "lodash/fp": run `npm install lodash` in'),
        ({"f.ts": "import _ from '@a/b/c';\nexport default () => _;\n"}, "run `npm install @a/b` in"),
        ({"f.ts": "import fs from 'node:fs';\nexport default () => fs;\n"}, "a function has no Node.js"),
        ({"f.ts": "import fs from 'fs';\nexport default () => fs;\n"}, "a function has no Node.js"),
        ({"f.ts": "import './none';\nexport default () => 1;\n"}, 'f.ts:1:8: Could not resolve "./none"'),
        ({"f.ts": "import { a } from './g';\nexport default () => a;\n", "g.ts": "export const b = 1;\n"},
         'f.ts:1:10: No matching export in "g.ts" for import "a"'),
        ({"f.ts": "const a: number = 1;\n"}, "function.source: f.ts must have `export default function"),
        ({"f.ts": "\nconst a: any = undefined;\na.b.c();\nexport default () => 1;\n"}, "undefined (f.ts:3:"),
        ({"f.js": "\nnope();\nexport default () => 1;\n"}, "nope is not defined (f.js:2:1)"),
        ({"f.js": "export default () => {\n  const a = ;\n}\n"}, "(f.js:2:13)"),
        ({"f.js": "for (;;) ;\nexport default () => 1;\n"}, "its top level takes more than limits.fuel = 200000000"),
    ],
)  # fmt: skip
def test_errors_of_a_source_are_told_at_its_lines(executor: Run, make: Make, files: dict[str, str], told: str) -> None:
    """One line, exit code 2, and what was built before does not count any more."""
    folder = make(files)
    done = executor("build", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "build" / "function.json").exists() or "is not built" in executor("run", folder).stderr


def test_every_error_of_a_source_is_told(executor: Run, make: Make) -> None:
    """The first as the error, the others before it."""
    done = executor("build", make({"f.ts": "import './a';\nimport './b';\nexport default () => 1;\n"}))
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == ["f.ts:2:8", "executor"]


def test_exceptions_are_told_at_the_users_lines(executor: Run, make: Make) -> None:
    """In the run's error, its stack, JSON, and the simulator's verdict; the bytes that are signed stay the engine's."""
    folder = make(TYPESCRIPT)
    built(executor, folder)
    thrown = executor("run", folder, "--observe", "0=1", "--input", "boom")
    assert "'RangeError: too much (src/price.ts:13:" in thrown.stdout
    plain = json.loads(executor("run", folder, "--observe", "0=2000", "--json").stdout)
    assert plain["error"].startswith("Error: dear (src/scale.ts:5:")
    assert [line.strip().partition(" (")[0] for line in plain["logs"][0]["text"].splitlines()[1:3]] == [
        "at scale",
        "at price_default",
    ]
    assert "src/price.ts:14:" in plain["logs"][0]["text"]
    assert b"(function.js:" in bytes.fromhex(plain["payload"][2:])
    done = simulate(folder, replies={"https://api.example.com/price": {"price": "2000"}}, n=1)
    assert "Error: dear (src/scale.ts:5:" in done.verdict()


def test_editors_find_the_types(executor: Run, make: Make) -> None:
    """`build` puts them where TypeScript looks; what they refuse is refused; a package of that name is left alone."""
    folder = make(TYPESCRIPT)
    built(executor, folder)
    tsc = [BUNDLER / ".bin" / "tsc", "--noEmit", "--strict", "--target", "es2023", "--module", "esnext"]
    command = [*map(str, tsc), "--moduleResolution", "bundler", "--types", "", "src/price.ts"]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
    (folder / "src" / "price.ts").write_text(PRICE.replace("scale(price)", "scale(1)"))
    refused = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Argument of type 'number' is not assignable to parameter of type 'Decimal'" in refused.stdout
    package = folder / "node_modules" / "executor" / "package.json"
    package.write_text('{"name": "executor", "version": "9.9.9"}')
    built(executor, folder)
    assert json.loads(package.read_text())["version"] == "9.9.9"


def test_plain_javascript_gets_no_types_unless_tools_are_set_up(executor: Run, make: Make) -> None:
    """A folder of one file stays one; with a jsconfig.json there are types."""
    folder = make({"f.js": "export default () => '';\n"})
    built(executor, folder)
    assert not (folder / "node_modules").exists()
    (folder / "jsconfig.json").write_text("{}")
    built(executor, folder)
    assert (folder / "node_modules" / "executor" / "index.d.ts").exists()


def test_another_version_of_the_bundler_does_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would make other bytes; what to install is said, with the version that was found."""
    from executor.cli import _esbuild

    monkeypatch.setattr(_esbuild, "_BUNDLERS", ())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InvalidConfig, match=r"need esbuild 0\.28\.2: run `executor build --fetch-bundler`"):
        _esbuild.find_esbuild(tmp_path)
    package = tmp_path / "node_modules" / "@esbuild" / _esbuild._platform()
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "0.1.0"}')
    with pytest.raises(InvalidConfig, match=r"esbuild 0\.28\.2 \(.*node_modules has 0\.1\.0\)"):
        _esbuild.find_esbuild(tmp_path / "deeper")


def test_the_machines_bundler_comes_before_one_in_the_functions_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is verified may be a stranger's, and what it holds under that name the stranger's program."""
    from executor.cli import _esbuild

    monkeypatch.setattr(_esbuild, "_BUNDLERS", ())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, cache = tmp_path / "price", tmp_path / "cache" / "executor" / f"bundler-{_esbuild.VERSION}"
    for place in (folder, cache):
        package = place / "node_modules" / "@esbuild" / _esbuild._platform()
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"version": _esbuild.VERSION}))
        assert _esbuild.find_esbuild(folder).is_relative_to(place)


def test_the_bundler_is_fetched_into_the_users_cache(executor: Run, make: Make, tmp_path: Path) -> None:
    """With the npm of the Python package where there is no other, from the lock file, and found there afterwards."""
    folder, cache = make(TYPESCRIPT), tmp_path / "cache"
    done = executor("build", folder, "--fetch-bundler", env={"XDG_CACHE_HOME": str(cache), "PATH": "/usr/sbin"})
    assert (done.returncode, "bundler installed in" in done.stderr) == (0, True)
    [esbuild] = cache.glob("executor/bundler-0.28.2/node_modules/@esbuild/*/bin/esbuild")
    version = subprocess.run([esbuild, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.strip() == "0.28.2"
    assert not (cache / "executor" / "bundler-0.28.2" / "node_modules" / "typescript").exists()


def test_the_locked_bundler_is_the_one_that_is_asked_for() -> None:
    """One version in the code and in the lock file."""
    from executor.cli._esbuild import VERSION

    locked = json.loads((BUNDLER.parent / "package-lock.json").read_text())["packages"]
    assert locked["node_modules/esbuild"]["version"] == VERSION
    assert locked["node_modules/@esbuild/linux-x64"]["version"] == VERSION
    assert not [name for name, entry in locked.items() if "resolved" in entry]
