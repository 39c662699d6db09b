// Agreed randomness: draws, and the stream that every SDK and contracts/src/libraries/Randomness.sol make of a seed
// alike (docs/randomness.md, "The stream").
import { kindOf, requireBytes } from "./bytes.js";
import { pure, requireAgreed } from "./calls.js";
import { keccak256 } from "./crypto.js";

const SEED_BYTES = 32;
const WORD = 1n << 256n;
const LIMB = 0xffffffffn;

/** 32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run. */
function draw() {
  requireAgreed("random.draw");
  return pure("random.draw");
}

/** Choices made of a 32-byte seed, the same everywhere. One seed serves one purpose: two streams of it are the same. */
class Stream {
  #block = new Uint8Array(2 * SEED_BYTES); // abi.encode(seed, number of the next word)
  #used = 0n;

  constructor(seed) {
    const bytes = requireBytes(seed, "a stream's seed");
    if (bytes.length !== SEED_BYTES) throw new RangeError(`a stream's seed has ${SEED_BYTES} bytes, not ${bytes.length}`);
    this.#block.set(bytes);
    Object.freeze(this);
  }

  #word() {
    const view = new DataView(this.#block.buffer, SEED_BYTES);
    let rest = this.#used++;
    for (let at = SEED_BYTES - 4; rest > 0n; at -= 4, rest >>= 32n) view.setUint32(at, Number(rest & LIMB));
    return keccak256(this.#block);
  }

  /** So many bytes: whole words one after the other, the last one cut. */
  bytes(count) {
    requireCount(count, "bytes");
    const made = new Uint8Array(count);
    for (let at = 0; at < count; at += SEED_BYTES) made.set(this.#word().subarray(0, count - at), at);
    return made;
  }

  /** A number in [0, n), each as likely as any other; a bigint for a bigint. */
  below(n) {
    const drawn = this.#below(limitOf(n));
    return typeof n === "bigint" ? drawn : Number(drawn);
  }

  /** A word modulo n; words at the top, of which not every remainder has equally many, are refused. */
  #below(n) {
    const accepted = WORD - (WORD % n);
    for (;;) {
      const word = numberOf(this.#word());
      if (word < accepted) return word % n;
    }
  }

  /** The list in random order; the list given stays as it is. */
  shuffle(list) {
    const items = Array.from(list);
    return this.sample(items, items.length);
  }

  /** `count` different items of a list, or numbers in [0, n), in random order, each such sequence as likely as any other. */
  sample(from, count) {
    requireCount(count, "sample");
    const items = typeof from === "number" || typeof from === "bigint" ? undefined : Array.from(from);
    const size = items ? BigInt(items.length) : limitOf(from);
    if (BigInt(count) > size) throw new RangeError(`a sample of ${count} out of ${size}`);
    const moved = new Map(); // places of Fisher and Yates' list that hold another number than their own
    const chosen = [];
    for (let i = 0n; i < BigInt(count); i++) {
      const place = i + this.#below(size - i);
      chosen.push(moved.get(place) ?? place);
      moved.set(place, moved.get(i) ?? i);
    }
    return chosen.map((index) => (items ? items[Number(index)] : typeof from === "bigint" ? index : Number(index)));
  }
}

function requireCount(count, what) {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${what} takes a count, not ${String(count)}`);
}

function limitOf(n) {
  if (typeof n !== "bigint" && !Number.isSafeInteger(n)) throw new TypeError(`below takes a safe integer or a bigint, not ${typeof n === "number" ? n : kindOf(n)}`);
  const limit = BigInt(n);
  if (limit < 1n || limit >= WORD) throw new RangeError("there is no number below zero, and none of 257 bits");
  return limit;
}

function numberOf(word) {
  const view = new DataView(word.buffer, word.byteOffset, SEED_BYTES);
  let number = 0n;
  for (let at = 0; at < SEED_BYTES; at += 8) number = (number << 64n) | view.getBigUint64(at);
  return number;
}

let own;
const stream = () => (own ??= new Stream(draw()));

/** bytes, below, shuffle and sample go on in one stream, seeded by the run's next draw when it is first used. */
export const random = Object.freeze({
  draw,
  stream: (seed) => new Stream(seed),
  bytes: (count) => stream().bytes(count),
  below: (n) => stream().below(n),
  shuffle: (list) => stream().shuffle(list),
  sample: (from, count) => stream().sample(from, count),
});
