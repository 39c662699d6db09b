// Solidity ABI decoding, strict: offsets and lengths stay inside the data, padding is zero, bool is 0 or 1.
import { parseTypes } from "./abi_types.js";
import { hex, requireBytes, utf8 } from "./bytes.js";

const WORD = 32;

/** decode(["uint256", "string"], bytes): integers as BigInt, addresses as 0x hex, bytes as Uint8Array. */
export function decode(types, data) {
  const bytes = requireBytes(data, "abi.decode's data");
  return decodeTuple(parseTypes(types).parts, bytes, 0);
}

/** Heads stand one after the other from base; offsets count from base. */
function decodeTuple(parts, data, base) {
  let at = base;
  return parts.map((part) => {
    const start = part.dynamic ? base + smallInteger(data, at) : at;
    at += part.size;
    return DECODERS[part.kind](part, data, start);
  });
}

const DECODERS = {
  uint: (type, data, at) => {
    const value = unsigned(data, at);
    if (value >> BigInt(type.bits)) throw new RangeError(`uint${type.bits} out of range at byte ${at}`);
    return value;
  },
  int: (type, data, at) => {
    const value = BigInt.asIntN(256, unsigned(data, at));
    if (BigInt.asIntN(type.bits, value) !== value) throw new RangeError(`int${type.bits} out of range at byte ${at}`);
    return value;
  },
  address: (_type, data, at) => {
    const bytes = take(data, at, WORD);
    requireZero(bytes.subarray(0, 12), at);
    return hex.encode(bytes.subarray(12));
  },
  bool: (_type, data, at) => {
    const value = unsigned(data, at);
    if (value > 1n) throw new RangeError(`not a bool at byte ${at}`);
    return value === 1n;
  },
  fixed: (type, data, at) => {
    const bytes = take(data, at, WORD);
    requireZero(bytes.subarray(type.width), at);
    return bytes.slice(0, type.width);
  },
  bytes: (_type, data, at) => lengthPrefixed(data, at).slice(),
  string: (_type, data, at) => utf8.decode(lengthPrefixed(data, at)),
  array: (type, data, at) => {
    const count = type.count ?? smallInteger(data, at);
    const base = type.count === undefined ? at + WORD : at;
    // Every element has a head of its own, so a count beyond the data is refused before anything is allocated for it.
    if (count > (data.length - base) / type.element.size) throw new RangeError(`array of ${count} elements at byte ${at} leaves the data`);
    return decodeTuple(new Array(count).fill(type.element), data, base);
  },
  tuple: (type, data, at) => decodeTuple(type.parts, data, at),
};

function take(data, at, length) {
  if (at + length > data.length) throw new RangeError(`byte ${at} + ${length} leaves the data (${data.length} bytes)`);
  return data.subarray(at, at + length);
}

function unsigned(data, at) {
  const word = take(data, at, WORD);
  const view = new DataView(word.buffer, word.byteOffset, WORD);
  let value = 0n;
  for (let limb = 0; limb < WORD; limb += 8) value = (value << 64n) | view.getBigUint64(limb);
  return value;
}

/** An offset or length: anything beyond the data is refused by who uses it. */
function smallInteger(data, at) {
  const value = unsigned(data, at);
  if (value > BigInt(data.length)) throw new RangeError(`offset or length ${value} at byte ${at} leaves the data`);
  return Number(value);
}

function lengthPrefixed(data, at) {
  const length = smallInteger(data, at);
  const bytes = take(data, at + WORD, length);
  requireZero(take(data, at + WORD + length, (WORD - (length % WORD)) % WORD), at);
  return bytes;
}

function requireZero(padding, at) {
  if (padding.some((byte) => byte !== 0)) throw new RangeError(`padding at byte ${at} is not zero`);
}
