import { context, hex, keccak256, log, median, observe, random, time, at } from "executor";

const KEYS = [
  "chain_id", "router", "nonce", "block_number", "block_timestamp", "parent_hash", "sender", "subscription", "epoch",
  "callback_gas_limit", "consumer", "trigger",
];

const COMMANDS = {
  echo: (rest) => rest.bytes,
  nothing: () => undefined,
  fail: (rest) => {
    throw new Error(rest.text());
  },
  spin: () => {
    for (;;);
  },
  recurse: () => String(deeper(0)),
  memory: () => {
    const kept = [];
    for (;;) kept.push(new Uint8Array(1 << 20).fill(kept.length + 1));
  },
  context: () => KEYS.map((key) => `${key}=${context[key]}`).join("\n"),
  identity: () => `${context.request_id} ${context.function_id}`,
  log: (rest) => {
    for (const level of ["debug", "info", "warn", "error"]) log[level](rest.text());
  },
  "log-many": (rest) => {
    const [count, size] = rest.words().map(Number);
    for (let i = 0; i < count; i++) log.info("x".repeat(size));
    return "done";
  },
  keccak: (rest) => keccak256(rest.bytes),
  json: (rest) => at(JSON.parse(rest.text()), "data.rates[1].price"),
  draw: (rest) => joined(Array.from({ length: Number(rest.text()) }, () => random.draw())),
  "draw-observe": () => {
    random.draw();
    return observe(median, () => 1).toString();
  },
  below: (rest) => {
    const [seed, count, ...limits] = rest.words();
    const stream = random.stream(hex.decode(seed));
    return Array.from({ length: Number(count) }, () => limits.map((n) => stream.below(Number(n))).join(" ")).join(" ");
  },
  "below-64": (rest) => {
    const [seed, ...limits] = rest.words();
    const stream = random.stream(hex.decode(seed));
    return limits.map((n) => stream.below(BigInt(n))).join(" ");
  },
  shuffle: (rest) => {
    const [seed, ...list] = rest.words();
    return random.stream(hex.decode(seed)).shuffle(list).join(" ");
  },
  bytes: (rest) => {
    const [seed, count] = rest.words();
    return random.stream(hex.decode(seed)).bytes(Number(count));
  },
  sample: (rest) => {
    const [seed, n, k] = rest.words();
    return random.stream(hex.decode(seed)).sample(Number(n), Number(k)).join(" ");
  },
  time: () => String(time.now()),
};

function deeper(depth) {
  return deeper(depth + 1) + 1;
}

function joined(parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export default function (input) {
  const end = input.bytes.indexOf(10);
  const command = new TextDecoder().decode(input.bytes.subarray(0, end < 0 ? undefined : end));
  const bytes = end < 0 ? new Uint8Array(0) : input.bytes.subarray(end + 1);
  const text = () => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  return COMMANDS[command]({ bytes, text, words: () => text().split(" ") });
}
