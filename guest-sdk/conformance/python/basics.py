import json

from executor_guest import at, context, from_hex, function, keccak256, log, median, observe, random, time

KEYS = (
    "chain_id", "router", "nonce", "block_number", "block_timestamp", "parent_hash", "sender", "subscription", "epoch",
    "callback_gas_limit", "consumer", "trigger",
)  # fmt: skip


def fail(rest):
    raise ValueError(rest.decode())


def spin(rest):
    while True:
        pass


def deeper(depth):
    return deeper(depth + 1) + 1


def memory(rest):
    kept = []
    while True:
        kept.append(bytes([len(kept) + 1]) * (1 << 20))


def log_all(rest):
    for write in (log.debug, log.info, log.warn, log.error):
        write(rest.decode())


def log_many(rest):
    count, size = map(int, rest.split())
    for _ in range(count):
        log.info("x" * size)
    return "done"


def draw_observe(rest):
    random.draw()
    return str(observe(median, lambda: 1))


def below(rest):
    seed, count, *limits = rest.decode().split(" ")
    stream = random.stream(from_hex(seed))
    return " ".join(str(stream.below(int(n))) for _ in range(int(count)) for n in limits)


def below_64(rest):
    seed, *limits = rest.decode().split(" ")
    stream = random.stream(from_hex(seed))
    return " ".join(str(stream.below(int(n))) for n in limits)


def shuffle(rest):
    seed, *words = rest.decode().split(" ")
    return " ".join(random.stream(from_hex(seed)).shuffle(words))


def stream_bytes(rest):
    seed, count = rest.decode().split(" ")
    return random.stream(from_hex(seed)).bytes(int(count))


def sample(rest):
    seed, n, k = rest.decode().split(" ")
    return " ".join(map(str, random.stream(from_hex(seed)).sample(int(n), int(k))))


COMMANDS = {
    "echo": lambda rest: rest,
    "nothing": lambda rest: None,
    "fail": fail,
    "spin": spin,
    "recurse": lambda rest: str(deeper(0)),
    "memory": memory,
    "context": lambda rest: "\n".join(f"{key}={getattr(context, key)}" for key in KEYS),
    "identity": lambda rest: f"{context.request_id} {context.function_id}",
    "log": log_all,
    "log-many": log_many,
    "keccak": keccak256,
    "json": lambda rest: at(json.loads(rest), "data.rates[1].price"),
    "draw": lambda rest: b"".join(random.draw() for _ in range(int(rest))),
    "draw-observe": draw_observe,
    "below": below,
    "below-64": below_64,
    "shuffle": shuffle,
    "bytes": stream_bytes,
    "sample": sample,
    "time": lambda rest: str(time.now()),
}


@function
def basics(request):
    command, _, rest = request.bytes.partition(b"\n")
    return COMMANDS[command.decode()](rest)
