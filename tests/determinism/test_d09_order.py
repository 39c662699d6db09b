"""D9: no iteration order of a set, a dict from outside or a directory reaches bytes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.crypto.digests import manifest_hash
from executor.model.codec import encode_json
from executor.model.manifest import METHODS, Terms

ROOT = Path(__file__).resolve().parents[2]
RECEIPTS = sorted((ROOT / "fixtures" / "receipts").glob("*.json"))
PURE_PACKAGES = ("vm", "protocol", "crypto", "model", "receipts")
HOSTS = ("a.example", "b.example", "c.example", "*.d.example", "http://e.example:8080")
SCALARS = st.booleans() | st.integers(-9, 9) | st.text(max_size=3)


NESTED = st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=2), SCALARS, max_size=5), max_size=8)


@settings(max_examples=60)
@given(NESTED, st.randoms(use_true_random=False))
def test_the_order_of_a_dict_reaches_no_encoding(value: dict[str, Any], random: Any) -> None:
    """The same keys put in in another order, at every level."""

    def shuffled(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        keys = list(node)
        random.shuffle(keys)
        return {key: shuffled(node[key]) for key in keys}

    assert encode_json(shuffled(value)) == encode_json(value)


@given(st.permutations(HOSTS), st.permutations(METHODS), st.integers(1, len(HOSTS)), st.integers(1, len(METHODS)))
def test_the_order_of_a_manifests_lists_reaches_no_function_id(
    hosts: list[str], methods: list[str], some: int, few: int
) -> None:
    """What a manifest grants is a set: order and repetition mean nothing."""

    def granted(names: list[str], verbs: list[str]) -> bytes:
        terms = Terms.model_validate({"capabilities": {"http": {"hosts": names, "methods": verbs}}})
        return manifest_hash(terms)

    chosen, verbs = hosts[:some], methods[:few]
    assert granted(chosen, verbs) == granted(sorted(chosen), sorted(verbs)) == granted(chosen + chosen[:1], verbs * 2)
    if some < len(HOSTS):
        assert granted(chosen, verbs) != granted(hosts, verbs)


def test_other_hash_seeds_give_the_same_bytes() -> None:
    """Four processes whose strings hash differently, one of which is asked for hash() to show that they do."""
    code = (
        "from determinism.test_d09_order import RECEIPTS; from executor.receipts import Receipt;"
        "from executor.vm.metering import table_digest;"
        "found = [Receipt.read(path) for path in RECEIPTS];"
        "print(table_digest(), [(each.to_bytes(), each.function_id, each.profile_id) for each in found]);"
        "print(hash('a string'))"
    )
    found = []
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PYTHONHASHSEED": seed},
        )  # fmt: skip
        found.append(done.stdout.splitlines())
    digests, hashes = zip(*found, strict=True)
    assert len(set(hashes)) == 3
    assert len(set(digests)) == 1


LISTINGS = ("iterdir", "glob", "rglob", "listdir", "scandir", "walk")
ORDERLESS = ("sorted", "set", "frozenset", "len", "any", "all", "min", "max", "sum", "dict")


def unordered(tree: ast.AST) -> Iterator[ast.AST]:
    """Loops over sets and listings whose order is not fixed at once."""
    excused: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERLESS:
            for argument in node.args:
                excused.update(id(inner) for inner in (argument, *ast.walk(argument)))
    for node in ast.walk(tree):
        if id(node) in excused:
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LISTINGS:
            yield node
        sources: list[ast.expr] = []
        if isinstance(node, ast.For):
            sources = [node.iter]
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            sources = [generator.iter for generator in node.generators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple"):
            sources = list(node.args)
        for source in sources:
            is_set = isinstance(source, ast.Set | ast.SetComp) or (
                isinstance(source, ast.Call)
                and isinstance(source.func, ast.Name)
                and source.func.id in ("set", "frozenset")
            )
            if is_set:
                yield source


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_nothing_below_the_purity_line_goes_through_a_set_or_a_directory_in_its_own_order(package: str) -> None:
    """Read from the source: such a loop stands inside sorted() or something that has no order either."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
        for path in sorted((ROOT / "executor" / package).rglob("*.py"))
        for node in unordered(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "for x in {1, 2}: pass",
        "[x for x in set(y)]",
        "list(frozenset(y))",
        "for path in folder.iterdir(): pass",
        "{x: 1 for x in {y for y in z}}",
    ],
)
def test_the_reader_sees_what_it_is_for(code: str) -> None:
    """Each form is found, and no more when it is sorted."""
    assert list(unordered(ast.parse(code)))
    assert not list(unordered(ast.parse("for x in sorted({1, 2}): pass; len(list(set(y))); sorted(folder.glob('*'))")))
