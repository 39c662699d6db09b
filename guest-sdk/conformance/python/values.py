from executor_guest import abi, decimal_of, function, rounded, scaled, to_hex

SHOWN = ["uint256", "int256", "address", "bool", "bytes4", "bytes", "string", "int64[]", "(uint8,string)[]"]
DECIMALS = {
    "text": lambda a: a,
    "scaled": lambda a, places, rounding: scaled(a, int(places), rounding),
    "rounded": lambda a, places, rounding: rounded(a, int(places), rounding),
    "compare": lambda a, b: int(a.compare(decimal_of(b))),
    "add": lambda a, b: a + decimal_of(b),
    "sub": lambda a, b: a - decimal_of(b),
    "mul": lambda a, b: a * decimal_of(b),
}


def decimal(rest):
    operation, a, *more = rest.decode().split(" ")
    value = DECIMALS[operation](decimal_of(a), *more)
    return str(value) if operation in ("compare", "scaled") else format(value + 0, "f")  # zero has no sign


def coded(rest):
    signature, _, data = rest.partition(b"\n")
    types = parts(signature.decode()[1:-1])
    return abi.encode(types, abi.decode(types, data))


def show(rest):
    unsigned, signed, address, flag, four, data, text, numbers, pairs = abi.decode(SHOWN, rest)
    shown = [
        unsigned,
        signed,
        address,
        str(flag).lower(),
        to_hex(four),
        to_hex(data),
        text,
        ",".join(map(str, numbers)),
        ",".join(f"{number}:{word}" for number, word in pairs),
    ]
    return "\n".join(map(str, shown))


def make(rest):
    values = [
        2**256 - 1,
        -(2**255),
        "0xd8da6bf26964af9d7eed9e03e53415d37aa96045",
        True,
        "0x01020304",
        bytes(range(33)),
        "naïve 😀",
        [1, -2, 2**63 - 1, -(2**63)],
        [(7, "seven"), (0, "")],
    ]
    return abi.encode(SHOWN, values)


def parts(text):
    """ "uint256,(bool,bytes)[]" at its outer commas."""
    depth, found = 0, [""]
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return found


@function
def values(request):
    command, _, rest = request.bytes.partition(b"\n")
    return {"decimal": decimal, "abi": coded, "show": show, "make": make}[command.decode()](rest)
