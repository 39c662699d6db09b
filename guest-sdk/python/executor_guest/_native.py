"""The engine's own module, or a word to whoever imports the SDK outside of it."""

try:
    from _executor import call, log, observe, propose
except ModuleNotFoundError:
    raise ImportError(
        "executor_guest is part of the engine that runs functions: try `executor run`. "
        "Outside, it is there for editors and type checkers"
    ) from None

__all__ = ["call", "log", "observe", "propose"]
