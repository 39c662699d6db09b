"""Write frozen.c: the standard library's modules and the SDK as byte code in one C array.

Run by the CPython that is built first, whose byte code the engine's is.

    python freeze.py OUT SDK_DIRECTORY
"""

import importlib
import marshal
import os
import sys
from pathlib import Path

# What functions may import, beside what these import. The rest needs an operating system, or nobody a function knows.
MODULES = (
    "abc array ast base64 binascii bisect builtins calendar cmath codecs collections collections.abc colorsys "
    "contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis enum errno fnmatch "
    "fractions functools gc graphlib hashlib heapq hmac html html.entities html.parser importlib importlib.util "
    "inspect io ipaddress itertools json keyword linecache locale logging marshal math numbers opcode operator os "
    "os.path pickle pprint queue quopri random re reprlib secrets shlex stat statistics string stringprep struct "
    "sys textwrap threading time token tokenize tomllib traceback types typing unicodedata urllib.parse uuid "
    "warnings weakref _colorize _compat_pickle _pylong _strptime __future__ encodings.aliases encodings.ascii "
    "encodings.base64_codec encodings.charmap encodings.cp1252 encodings.hex_codec encodings.idna "
    "encodings.iso8859_1 encodings.iso8859_15 encodings.latin_1 encodings.punycode encodings.raw_unicode_escape "
    "encodings.unicode_escape encodings.utf_16 encodings.utf_16_be encodings.utf_16_le encodings.utf_32 "
    "encodings.utf_32_be encodings.utf_32_le encodings.utf_8 encodings.utf_8_sig"
)
# Those that CPython freezes itself to start at all, and what the helper has but the engine has not.
OWN = {"importlib._bootstrap", "importlib._bootstrap_external", "zipimport"}
FOREIGN = {"__main__", "site", "sitecustomize", "usercustomize"}


def library() -> dict[str, Path]:
    """The modules in Python that importing MODULES imports, with their files."""
    for name in MODULES.split():
        importlib.import_module(name)
    top = Path(os.__file__).resolve().parent
    found = {}
    for module in list(sys.modules.values()):
        name = module.__spec__.name if getattr(module, "__spec__", None) else module.__name__
        base = top / name.replace(".", "/")
        file = next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.exists()), None)
        if file and name not in OWN | FOREIGN and not name.startswith("_sysconfigdata"):
            found[name] = file
    return found


def sdk(directory: Path) -> dict[str, Path]:
    """The SDK's."""
    package = directory.name
    return {package if path.stem == "__init__" else f"{package}.{path.stem}": path for path in directory.glob("*.py")}


def main(out: Path, directory: Path) -> None:
    """Write the array and the table of what stands where in it."""
    code, rows = bytearray(), []
    for name, file in sorted({**library(), **sdk(directory)}.items()):
        shown = f"{name.replace('.', '/')}{'/__init__' if file.stem == '__init__' else ''}.py"
        compiled = marshal.dumps(compile(file.read_bytes(), shown, "exec", dont_inherit=True, optimize=2))
        rows.append(f'    {{"{name}", frozen_code + {len(code)}, {len(compiled)}, {int(file.stem == "__init__")}}},')
        code += compiled
    lines = [
        "/* Written by freeze.py. */",
        "#include <Python.h>",
        "/* Constant for the linker, which puts it before all other data: where it is zero, no snapshot begins. */",
        f"const unsigned char frozen_code[{len(code)}] = {{{','.join(map(str, code))}}};",
        "const size_t frozen_code_bytes = sizeof frozen_code;",
        "const struct _frozen frozen_modules[] = {",
        *rows,
        "    {NULL, NULL, 0, 0},",
        "};",
    ]
    out.write_text("\n".join(lines) + "\n", encoding="ascii")
    sys.stdout.write(f"{len(rows)} modules, {len(code)} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
