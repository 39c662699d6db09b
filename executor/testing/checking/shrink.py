"""Makes a scene smaller while the same suspect stays: fewer changed replies, one difference, a short input."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, Final

from executor.testing.checking.contents import Drift, Edge, Grown
from executor.testing.checking.scene import Scene, Twist
from executor.testing.json_text import parse_json
from executor.testing.variations import Variation

MAX_PLAYS: Final = 250  # of one shrink: about two seconds


def shrink(scene: Scene, still: Callable[[Scene], bool], max_plays: int = MAX_PLAYS) -> Scene:
    """The smallest scene found for which `still` holds; greedy, and deterministic."""
    plays, smaller = 0, True
    while smaller:
        smaller = False
        for candidate in _candidates(scene):
            if plays >= max_plays:
                return scene
            plays += 1
            if still(candidate):
                scene, smaller = candidate, True
                break
    return scene


def _candidates(scene: Scene) -> Iterator[Scene]:
    if len(set(scene.twists)) == 1:  # alike on all nodes: what is dropped is dropped on all
        row = scene.twists[0]
        for place in range(len(row)):
            yield replace(scene, twists=(row[:place] + row[place + 1 :],) * len(scene.twists))
            for twist in _simpler(row[place][1]):
                changed = (*row[:place], (row[place][0], twist), *row[place + 1 :])
                yield replace(scene, twists=(changed,) * len(scene.twists))
    else:
        for node, row in enumerate(scene.twists):
            if row:
                yield _with_row(scene, node, ())
        for node, row in enumerate(scene.twists):
            for place, (url, twist) in enumerate(row):
                yield _with_row(scene, node, row[:place] + row[place + 1 :])
                for simpler in _simpler(twist):
                    yield _with_row(scene, node, (*row[:place], (url, simpler), *row[place + 1 :]))
    for data in _shorter(scene.input):
        yield replace(scene, input=data)


def _with_row(scene: Scene, node: int, row: tuple[tuple[str, Twist], ...]) -> Scene:
    return replace(scene, twists=(*scene.twists[:node], row, *scene.twists[node + 1 :]))


def _simpler(twist: Twist) -> Iterator[Twist]:
    match twist:
        case Variation():
            usual = Variation()
            changed = [each.name for each in fields(twist) if getattr(twist, each.name) != getattr(usual, each.name)]
            if len(changed) > 1:
                for name in changed:
                    yield replace(twist, **{name: getattr(usual, name)})
            for name in changed:
                value: Any = getattr(twist, name)
                if isinstance(value, int) and value != 1:
                    one: dict[str, Any] = {name: 1}
                    yield replace(twist, **one)
        case Drift(steps) if steps != 1:
            yield Drift(1)
        case Grown(times) if times > 2:
            yield Grown(2)
            if times > 4:
                yield Grown(times // 2)
            yield Grown(times - 1)
        case Edge(place, value) if value not in (0, 1):
            yield Edge(place, 0)
            yield Edge(place, 1)
        case _:
            return


def _shorter(data: bytes) -> Iterator[bytes]:
    if not data:
        return
    yield b""
    try:
        plain = parse_json(data)
    except (ValueError, RecursionError):
        plain = None
    if isinstance(plain, dict | list):
        for smaller in _smaller(plain):
            yield json.dumps(smaller, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if isinstance(plain, int) and not isinstance(plain, bool) and plain not in (0, 1, -1):
        for number in (0, 1, -1, plain // 2, int(plain * 0.9)):
            if abs(number) < abs(plain):
                yield str(number).encode()
        return
    size = len(data) // 2
    while size:
        for at in range(0, len(data), size):
            yield data[:at] + data[at + size :]
            if len(data) // size > 8:
                break
        size //= 2
    if any(data) and not data.isascii():
        yield bytes(len(data))


def _smaller(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key in value:
                yield {other: item for other, item in value.items() if other != key}
            for key, item in value.items():
                for smaller in _smaller(item):
                    yield {**value, key: smaller}
        case list():
            if len(value) > 1:
                yield value[: len(value) // 2]
                yield value[len(value) // 2 :]
            if value:
                yield value[1:]
            for place, item in enumerate(value[:4]):
                for smaller in _smaller(item):
                    yield [*value[:place], smaller, *value[place + 1 :]]
        case str() if len(value) > 1:
            yield ""
            yield value[: len(value) // 2]
        case bool() | None:
            return
        case int() | float() if value not in (0, 1):
            yield 0
            yield 1
        case _:
            return
