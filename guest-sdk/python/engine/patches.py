"""What the build changes in CPython: every recursion passes a check, and the check knows the stack slots in use.

Rows of TEXTS: file, the text, how often it stands in the pinned source, and what replaces it; rows of PATTERNS the same
with a regular expression. tests/guest_sdk/test_python_recursion.py runs every recursion we know in the machine.
"""

from __future__ import annotations

import re
from pathlib import Path

FULL = "executor_stack_is_full()"
RAISE = 'PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded%s")'

TEXTS = (
    # Everything sees slots.h, which the build puts beside Python.h.
    ("Include/Python.h", '#include "patchlevel.h"', 1, '#include "slots.h"\n#include "patchlevel.h"'),
    # Calls from C into Python, repr, comparison, json, pickle, isinstance, …: Py_EnterRecursiveCall.
    (
        "Include/internal/pycore_ceval.h",
        "    return tstate->c_recursion_remaining-- < 0;",
        1,
        f"    return tstate->c_recursion_remaining-- < 0 || {FULL};",
    ),
    (
        "Python/ceval.c",
        "        if (tstate->c_recursion_remaining <= 0) {",
        1,
        f"        if (tstate->c_recursion_remaining <= 0 || {FULL}) {{",
    ),
    # Releasing nested containers: the rest is put off.
    (
        "Include/cpython/object.h",
        "    if (tstate->c_recursion_remaining <= Py_TRASHCAN_HEADROOM &&",
        1,
        f"    if ((tstate->c_recursion_remaining <= Py_TRASHCAN_HEADROOM || {FULL}) &&",
    ),
    (
        "Include/cpython/object.h",
        "    if (tstate->delete_later && tstate->c_recursion_remaining > (Py_TRASHCAN_HEADROOM*2)) {",
        1,
        "    if (tstate->delete_later && tstate->c_recursion_remaining > (Py_TRASHCAN_HEADROOM*2) &&"
        " !executor_stack_is_deep()) {",
    ),
    # The compiler counts on the symbol table's passes to go deeper than it does.
    (
        "Python/compile.c",
        "compiler_visit_expr(struct compiler *c, expr_ty e)\n{\n",
        1,
        "compiler_visit_expr(struct compiler *c, expr_ty e)\n{\n"
        f"    if ({FULL}) return {RAISE % ' during compilation'}, ERROR;\n",
    ),
    (
        "Python/compile.c",
        "compiler_visit_stmt(struct compiler *c, stmt_ty s)\n{\n",
        1,
        "compiler_visit_stmt(struct compiler *c, stmt_ty s)\n{\n"
        f"    if ({FULL}) return {RAISE % ' during compilation'}, ERROR;\n",
    ),
    # Hashes of nested tuples check nothing.
    (
        "Objects/object.c",
        "PyObject_Hash(PyObject *v)\n{\n",
        1,
        f"PyObject_Hash(PyObject *v)\n{{\n    if ({FULL}) return {RAISE % ''}, -1;\n",
    ),
)  # fmt: skip

_DEPTH = (
    r"\+\+(\w+)->recursion_depth > \1->recursion_limit\)",
    rf"++\1->recursion_depth > \1->recursion_limit || {FULL})",
)
# Built-in iterators call each other.
_NEXT = (
    r"(?m)^((?:chain|starmap|islice|takewhile|dropwhile|filterfalse|compress|accumulate|cycle|pairwise|zip_longest|batched"
    r"|map|filter|zip|enum)_next)\((\w+) \*(\w+)\)\n\{\n",
    rf"\1(\2 *\3)\n{{\n    if ({FULL}) return {RAISE % ''}, NULL;\n",
)
PATTERNS = (
    ("Parser/parser.c", r"if \(p->level\+\+ == MAXSTACK\)", 540, rf"if (p->level++ == MAXSTACK || {FULL})"),
    ("Python/ast.c", _DEPTH[0], 4, _DEPTH[1]),
    ("Python/ast_opt.c", _DEPTH[0], 3, _DEPTH[1]),
    ("Python/symtable.c", _DEPTH[0], 4, _DEPTH[1]),
    ("Python/Python-ast.c", _DEPTH[0], 14, _DEPTH[1]),
    ("Modules/itertoolsmodule.c", _NEXT[0], 12, _NEXT[1]),
    ("Python/bltinmodule.c", _NEXT[0], 3, _NEXT[1]),
    ("Objects/enumobject.c", _NEXT[0], 1, _NEXT[1]),
)  # fmt: skip


class PatchError(Exception):
    """The pinned source is not what the patches were written for."""


def patch(source: Path) -> None:
    """Apply every row exactly as often as it says."""
    for file, text, count, replacement in TEXTS:
        _rewrite(source / file, re.escape(text), count, replacement.replace("\\", r"\\"))
    for file, pattern, count, replacement in PATTERNS:
        _rewrite(source / file, pattern, count, replacement)


def _rewrite(path: Path, pattern: str, count: int, replacement: str) -> None:
    # The parser's file is not all UTF-8.
    text, found = re.subn(pattern, replacement, path.read_text(encoding="latin-1"))
    if found != count:
        raise PatchError(f"{path.name}: found {found} times instead of {count}: {pattern}")
    path.write_text(text, encoding="latin-1")
