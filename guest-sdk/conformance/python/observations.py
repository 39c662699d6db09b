from executor_guest import (
    common_prefix,
    common_suffix,
    fields,
    frequency,
    function,
    identical,
    intersection,
    max,
    median,
    min,
    mode,
    observe,
    single,
    trimmed_mean,
    union,
)


def same(value):
    return value


def lines(text):
    return text.split("\n") if text else []


# Strategy, what its look gives of a text, what is shown of its value.
STRATEGIES = {
    "median": (median, same, str),
    "min": (min, same, str),
    "max": (max, same, str),
    "trimmed-mean": (trimmed_mean, same, str),
    "identical": (identical, same, same),
    "mode": (mode, same, same),
    "single": (single, same, same),
    "union": (union, lines, "\n".join),
    "intersection": (intersection, lines, "\n".join),
    "frequency": (frequency, lines, lambda counts: "\n".join(f"{item}={count}" for item, count in counts.items())),
    "common-prefix": (common_prefix, lines, "\n".join),
    "common-suffix": (common_suffix, lines, "\n".join),
    "fields": (
        fields({"price": median, "venue": mode}),
        lambda text: dict(zip(("price", "venue"), text.split(" "), strict=True)),
        lambda value: f"{value['price']} {value['venue']}",
    ),
}


class Failing(Exception):
    def __init__(self, code):
        super().__init__("the look fails")
        self.code = code


def failing(code):
    raise Failing(code)


def observed(rest):
    name, _, text = rest.partition(b"\n")
    strategy, given, shown = STRATEGIES[name.decode()]
    return shown(observe(strategy, lambda: given(text.decode())))


def labelled(rest):
    label, value, code = rest.decode().split(" ")
    agreed = observe(median, lambda: failing(code), label=label, default=value)
    return f"{observe.last.kind} {agreed}"


def caught(rest):
    try:
        return f"agreed {observe(median, rest.decode)}"
    except Exception as error:
        return f"caught {error.code}"


def sequence(rest):
    first = observe(median, lambda: 1)
    second = observe(median, lambda: first + 1)
    third = observe(identical, lambda: f"{first},{second}")
    return f"{first} {second} {third}"


def endless():
    while True:
        pass


def numbers(rest):
    for number in (1e21, -1.5e-7, 5e-324, 2.0**53, -0.0, 100.0):
        observe(median, lambda number=number: number)
    return "done"


COMMANDS = {
    "observe": observed,
    "bytes": lambda rest: observe(identical, lambda: rest, as_bytes=True),
    "label": labelled,
    "catch": caught,
    "sequence": sequence,
    "nested": lambda rest: str(observe(median, lambda: observe(median, lambda: 1))),
    "code": lambda rest: str(observe(median, lambda: failing(rest.decode()))),
    "throws": lambda rest: str(observe(median, lambda: None.nothing)),
    "spins": lambda rest: str(observe(median, endless)),
    "number": lambda rest: str(observe(median, lambda: 0.1 + 0.2)),
    "numbers": numbers,
}


@function
def observations(request):
    command, _, rest = request.bytes.partition(b"\n")
    return COMMANDS[command.decode()](rest)
