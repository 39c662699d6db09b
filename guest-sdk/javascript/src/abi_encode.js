// Solidity ABI encoding. Integers are BigInt (or safe integer numbers), bytes are bytes or hex, tuples are arrays.
import { parseTypes } from "./abi_types.js";
import { bytesOf, concat, hex, kindOf, utf8 } from "./bytes.js";

const WORD = 32;

/** encode(["uint256", "string"], [1n, "one"]): as abi.encode in Solidity. */
export function encode(types, values) {
  return encodeTuple(parseTypes(types).parts, values, "values");
}

function encodeTuple(parts, values, path) {
  if (!Array.isArray(values)) throw new TypeError(`${path} must be an array, not ${kindOf(values)}`);
  if (values.length !== parts.length) throw new TypeError(`${path} has ${values.length} elements, the types say ${parts.length}`);
  const encoded = parts.map((part, i) => encodeValue(part, values[i], `${path}[${i}]`));
  return joinHeadAndTail(parts, encoded);
}

function joinHeadAndTail(parts, encoded) {
  let offset = parts.reduce((sum, part) => sum + part.size, 0);
  const heads = [];
  const tails = [];
  parts.forEach((part, i) => {
    if (!part.dynamic) return heads.push(encoded[i]);
    heads.push(word(BigInt(offset)));
    tails.push(encoded[i]);
    offset += encoded[i].length;
    return undefined;
  });
  return concat(...heads, ...tails);
}

const ENCODERS = {
  uint: (type, value, path) => integer(value, 0n, (1n << BigInt(type.bits)) - 1n, path),
  int: (type, value, path) => integer(value, -(1n << BigInt(type.bits - 1)), (1n << BigInt(type.bits - 1)) - 1n, path),
  address: (_type, value, path) => padLeft(fixedBytes(value, 20, path)),
  bool: (_type, value, path) => {
    if (typeof value !== "boolean") throw new TypeError(`${path} must be true or false, not ${kindOf(value)}`);
    return word(value ? 1n : 0n);
  },
  fixed: (type, value, path) => padRight(fixedBytes(value, type.width, path)),
  bytes: (_type, value, path) => lengthPrefixed(someBytes(value, path)),
  string: (_type, value, path) => {
    if (typeof value !== "string") throw new TypeError(`${path} must be a string, not ${kindOf(value)}`);
    return lengthPrefixed(utf8.encode(value));
  },
  array: (type, value, path) => {
    if (!Array.isArray(value)) throw new TypeError(`${path} must be an array, not ${kindOf(value)}`);
    const parts = new Array(type.count ?? value.length).fill(type.element);
    const body = encodeTuple(parts, value, path);
    return type.count === undefined ? concat(word(BigInt(value.length)), body) : body;
  },
  tuple: (type, value, path) => encodeTuple(type.parts, value, path),
};

function encodeValue(type, value, path) {
  return ENCODERS[type.kind](type, value, path);
}

function integer(value, low, high, path) {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value))
    throw new TypeError(`${path} must be a BigInt or a safe integer, not ${typeof value === "number" ? value : kindOf(value)}`);
  const number = BigInt(value);
  if (number < low || number > high) throw new RangeError(`${path} = ${number} does not fit its type`);
  return word(number);
}

function word(number) {
  const bytes = new Uint8Array(WORD);
  const view = new DataView(bytes.buffer);
  for (let at = 24, rest = number; at >= 0; at -= 8, rest >>= 64n) view.setBigUint64(at, BigInt.asUintN(64, rest));
  return bytes;
}

function someBytes(value, path) {
  if (typeof value === "string" && value.startsWith("0x")) return hex.decode(value);
  const bytes = bytesOf(value);
  if (!bytes) throw new TypeError(`${path} must be bytes or a 0x hex string, not ${kindOf(value)}`);
  return bytes;
}

function fixedBytes(value, width, path) {
  const bytes = someBytes(value, path);
  if (bytes.length !== width) throw new RangeError(`${path} has ${bytes.length} bytes, its type ${width}`);
  return bytes;
}

function padLeft(bytes) {
  return concat(new Uint8Array(WORD - bytes.length), bytes);
}

function padRight(bytes) {
  return concat(bytes, new Uint8Array((WORD - (bytes.length % WORD)) % WORD));
}

function lengthPrefixed(bytes) {
  return concat(word(BigInt(bytes.length)), padRight(bytes));
}
