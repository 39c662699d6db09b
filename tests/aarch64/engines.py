"""Conformance vectors on programs of the arm64 machine."""

from __future__ import annotations

from conformance.vectors import vectors

from executor.testing.engines import ProcessEngine


def differing(name: str, command: list[str], file: str) -> list[str]:
    """The vectors of a file that a program answers in another way than it is committed."""
    asked = vectors(file)
    with ProcessEngine(name, lambda: command, timeout_s=600) as engine:
        answers = list(engine.rows([vector.case for vector in asked]))
    assert len(answers) == len(asked) > 0
    return [vector.name for vector, row in zip(asked, answers, strict=True) if row.line() != vector.expected]
