"""The suite by hand.

python guest-sdk/conformance/conformance.py check c rust     # what does not conform, or changed; all by default
python guest-sdk/conformance/conformance.py record c         # write c/recorded.json and the table of README.md
python guest-sdk/conformance/conformance.py table            # write the table alone
python guest-sdk/conformance/conformance.py freeze           # new cases: from now on they stay as they are
"""

from __future__ import annotations

import argparse
import sys

from suite import freezing, table
from suite.languages import languages
from suite.recording import changes, record_all, write


def main(arguments: list[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["check", "record", "table", "freeze"])
    parser.add_argument("languages", nargs="*", help=f"of {', '.join(languages())}; all by default")
    chosen = parser.parse_args(arguments)
    failed = 0
    if chosen.verb == "freeze":
        freezing.freeze()
    for name in [] if chosen.verb in ("table", "freeze") else chosen.languages or languages():
        rows, wrong = record_all(languages()[name])
        if chosen.verb == "check" and (languages()[name].directory / "recorded.json").exists():
            wrong |= changes(languages()[name], rows)
        failed += len(wrong)
        for case, problem in wrong.items():
            sys.stdout.write(f"{name} {case}: {problem}\n")
        sys.stdout.write(f"{name}: {len(rows)} cases conform, {len(wrong)} do not\n")
        if chosen.verb == "record":
            write(languages()[name], rows)
    if chosen.verb != "check":
        table.write()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
