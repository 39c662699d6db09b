// EVM chains from inside observe, at explicit blocks; the wire format is docs/wire.md §10. Nothing here writes.
import { decode } from "./abi_decode.js";
import { encode } from "./abi_encode.js";
import { nameOf, parseTypes, splitTopLevel } from "./abi_types.js";
import { concat, hex, kindOf, requireBytes, utf8 } from "./bytes.js";
import { live } from "./calls.js";
import { keccak256 } from "./crypto.js";
import { Decimal } from "./decimal.js";
import { CapabilityError } from "./errors.js";
import { observe } from "./observe.js";
import { median } from "./strategies.js";

const HEADER = ["uint256", "bytes32", "bytes32", "uint256", "uint256"];
const RESULTS = ["(bool,bytes)[]"];
const LOGS = ["(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]"];
const PLACE = ["chain", "block"];

/** What a contract's view returns: with abi "name(inputs)(outputs)" decoded, one output alone, several as an array. */
function call(options) {
  known("evm.call", options, [...PLACE, "to", "abi", "args", "data"]);
  const { message, read } = prepared(options);
  return read(ask("evm.call", options, message));
}

/** Many views at one block, in order: each { ok: true, value } or, where it reverted, { ok: false, data }. */
function callMany(options) {
  known("evm.callMany", options, [...PLACE, "calls"]);
  const calls = Array.from(options.calls, (each) => {
    known("a call of evm.callMany", each, ["to", "abi", "args", "data"]);
    return prepared(each);
  });
  const [results] = decode(RESULTS, ask("evm.call_many", options, { calls: calls.map((each) => each.message) }));
  return results.map(([ok, data], i) => Object.freeze(ok ? { ok, value: calls[i].read(data) } : { ok, data }));
}

/** An account's balance in wei, as a BigInt. */
function balance(options) {
  known("evm.balance", options, [...PLACE, "address"]);
  return decode(["uint256"], ask("evm.balance", options, { address: addressOf(options.address) }))[0];
}

/** A block: { number, hash, parentHash, timestamp, baseFee }. Only here block may be "finalized". */
function block(options = {}) {
  known("evm.block", options, PLACE);
  const [number, hash, parentHash, timestamp, baseFee] = decode(HEADER, ask("evm.block", options, {}));
  return Object.freeze({
    number: Number(number), hash: hex.encode(hash), parentHash: hex.encode(parentHash), timestamp: Number(timestamp), baseFee,
  });
}

/** The logs of one block, or from fromBlock to block; event "Transfer(address,address,uint256)" is the first topic. */
function logs(options) {
  known("evm.logs", options, [...PLACE, "fromBlock", "address", "addresses", "event", "topics"]);
  const { addresses = [options.address], event, topics = [], fromBlock } = options;
  const message = {
    addresses: addresses.map(addressOf),
    topics: [...(event === undefined ? [] : [[hex.encode(keccak256(utf8.encode(signatureOf(event).name)))]]), ...topics.map(placeOf)],
  };
  if (fromBlock !== undefined) message.from_block = blockOf(fromBlock);
  const [found] = decode(LOGS, ask("evm.logs", options, message));
  return found.map(([address, words, data, number, blockHash, transactionHash, index]) =>
    Object.freeze({
      address, topics: words.map(hex.encode), data, blockNumber: Number(number),
      blockHash: hex.encode(blockHash), transactionHash: hex.encode(transactionHash), index: Number(index),
    }));
}

/** A height of another chain to read at, agreed by an observation of its own: the median of the last final blocks. */
function agreeOnBlock(chain, options = {}) {
  const height = observe(median, () => block({ chain, block: "finalized" }).number, { label: `block of chain ${chain}`, ...options });
  return Number(height.scaled(0));
}

export const evm = Object.freeze({ call, callMany, balance, block, logs, agreeOnBlock });

function ask(operation, { chain, block: at }, message) {
  if (chain !== undefined) message.chain = chain;
  if (at !== undefined) message.block = blockOf(at);
  return live(operation, utf8.encode(JSON.stringify(message)));
}

/** What is sent for a call, and how its return data is read. */
function prepared({ to, abi, args = [], data }) {
  if ((abi === undefined) === (data === undefined)) throw new TypeError('a call has either abi, such as "balanceOf(address)(uint256)", and args, or data');
  if (abi === undefined) return { message: { to: addressOf(to), data: hex.encode(someBytes(data)) }, read: (returned) => returned };
  const { name, inputs, outputs } = signatureOf(abi);
  const selector = keccak256(utf8.encode(name)).subarray(0, 4);
  return {
    message: { to: addressOf(to), data: hex.encode(concat(selector, encode(inputs, args))) },
    read: (returned) => {
      if (!outputs.length) return undefined;
      if (!returned.length) throw new CapabilityError(`${name} of ${addressOf(to)}`, "evm-empty"); // no contract there, or not this one
      const values = decode(outputs, returned);
      return values.length === 1 ? values[0] : values;
    },
  };
}

/** { name, inputs, outputs } of "balanceOf(address)(uint256)"; name is the canonical "balanceOf(address)". */
function signatureOf(text) {
  const match = typeof text === "string" ? /^\s*([A-Za-z_$][\w$]*)\s*(\(.*\))\s*$/s.exec(text) : null;
  if (!match) throw new TypeError('a signature is a string such as "balanceOf(address)(uint256)"');
  const [inputs, outputs = [], more] = groups(match[2]);
  if (more) throw new TypeError(`"${text}" has more than inputs and outputs`);
  return { name: `${match[1]}(${parseTypes(inputs).parts.map(nameOf).join(",")})`, inputs, outputs };
}

/** The types of each "(a,b)" that stands beside the others. */
function groups(text) {
  const found = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(" && depth++ === 0) start = i + 1;
    else if (text[i] === ")" && --depth === 0) found.push(splitTopLevel(text.slice(start, i)));
    else if (depth === 0 && text[i] !== " ") throw new TypeError(`"${text}" has "${text[i]}" between inputs and outputs`);
    if (depth < 0) break;
  }
  if (depth !== 0) throw new TypeError(`"${text}" has parentheses that do not match`);
  return found;
}

function addressOf(value) {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(value)) throw new TypeError(`an address is 0x and 40 hex digits, not ${kindOf(value)}`);
  return value.toLowerCase();
}

/** A hash as it is, "finalized", or a number: what agreeOnBlock gives, or any integer. */
function blockOf(value) {
  if (typeof value === "string" && (value === "finalized" || /^0x[0-9a-fA-F]{64}$/.test(value))) return value;
  const number = Number(Decimal.from(value).scaled(0, { rounding: "exact" }));
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`block ${value} is no block`);
  return number;
}

/** One place of topics: null is any, an array is any of these. */
function placeOf(value) {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? value.map(wordOf) : [wordOf(value)];
}

/** A word: 32 bytes, an address, or an integer. */
function wordOf(value) {
  if (typeof value === "bigint" || typeof value === "number") return hex.encode(encode(["uint256"], [value]));
  const bytes = someBytes(value);
  if (bytes.length === 20) return hex.encode(concat(new Uint8Array(12), bytes));
  if (bytes.length !== 32) throw new TypeError(`a topic has 32 bytes, or 20 of an address, not ${bytes.length}`);
  return hex.encode(bytes);
}

function someBytes(value) {
  if (typeof value === "string") return hex.decode(value);
  return requireBytes(value, "data");
}

function known(what, options, names) {
  if (typeof options !== "object" || options === null) throw new TypeError(`${what} takes an object, not ${kindOf(options)}`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${what} has no option "${unknown}" (${names.join(", ")})`);
}
