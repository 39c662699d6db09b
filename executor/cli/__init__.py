"""The command line: `executor VERB`, one file a verb, each imported only when it is used.

A verb is `executor/cli/NAME.py` with a function `command` whose parameters are typer's, and a line in `_verbs.VERBS`.
Exit codes: 0 done, 1 the function or a verification failed, 2 wrong usage or input, 3 this machine's fault, 130 Ctrl-C
(docs/cli.md). An error is one line on stderr that says what is wrong and, where it is known, what to do.
"""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """The `executor` command."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # none is ours, and looking for some takes 10 ms
    gc.disable()  # imports make no garbage, and looking for some takes 10 ms; `_verbs` enables it before a verb runs
    try:
        _run()
    except KeyboardInterrupt:  # in the midst of imports; later typer ends with the same code
        _show_cursor()
        sys.exit(130)
    except SystemExit as end:
        if end.code == 130:
            _show_cursor()
        raise
    finally:
        gc.enable()


def _show_cursor() -> None:
    """A progress bar hides it, and one that is interrupted while it begins does not show it again."""
    if "rich" in sys.modules and (terminal := sys.__stderr__) is not None and terminal.isatty():
        terminal.write("\x1b[?25h")


def _run() -> None:
    from executor.cli._verbs import app  # typer is imported when the command runs, not with the package
    from executor.errors import ExecutorError, own_errors

    try:
        app()
    except SystemExit as end:  # typer's own word for a closed pipe is 1
        if isinstance(end.__context__, BrokenPipeError):
            sys.exit(0)
        raise
    except (ExecutorError, ExceptionGroup) as error:
        from executor.cli._exits import exit_code
        from executor.cli._show import printable

        if not (told := own_errors(error)):
            raise
        for line in dict.fromkeys(" ".join(str(each).split()) for each in told):  # parts may fail of one cause
            sys.stderr.write(f"executor: {printable(line)}\n")
        sys.exit(exit_code(told[0]))
    except ImportError as error:  # a part of ours that needs an extra says which command installs it
        if "pip install" not in str(error):
            raise
        sys.stderr.write(f"executor: {error}\n")
        sys.exit(2)
    except ValueError as error:  # pydantic's, where what it called was interrupted: it says so in words alone
        if "KeyboardInterrupt" not in str(error):
            raise
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output had enough; nothing can be said any more
        sys.exit(0)
