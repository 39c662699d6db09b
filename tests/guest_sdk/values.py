"""Values in JSON and back, for handing any ABI value to a JavaScript function and reading what it gives."""

REVIVE = """
const revive = (v) => Array.isArray(v) ? v.map(revive)
  : typeof v !== "object" ? v : "i" in v ? BigInt(v.i) : hex.decode(v.x);
const tell = (v) => Array.isArray(v) ? v.map(tell)
  : typeof v === "bigint" ? { i: String(v) } : v instanceof Uint8Array ? { x: hex.encode(v) } : v;
"""


def pack(value: object) -> object:
    """As revive() in JavaScript reads it: integers {"i"}, bytes {"x"}, addresses are hex strings."""
    match value:
        case bool() | str():
            return value
        case int():
            return {"i": str(value)}
        case bytes():
            return {"x": "0x" + value.hex()}
        case list() | tuple():
            return [pack(item) for item in value]
    raise TypeError(type(value))


def unpack(value: object) -> object:
    """As tell() in JavaScript writes it; sequences as tuples, as eth_abi gives them."""
    match value:
        case {"i": text}:
            return int(text)
        case {"x": text}:
            return bytes.fromhex(text[2:])
        case list():
            return tuple(unpack(item) for item in value)
    return value
