// How many observations become one: aggregation strategies, and how values travel through them.
import { bytesOf, kindOf, utf8 } from "./bytes.js";
import { canonical } from "./canonical.js";
import { Decimal } from "./decimal.js";

const MAX_DIGITS = 78; // docs/wire.md: agreed decimals are at most this long
const MAX_FIELDS = 32;
const DECIMAL = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;

/** The value cannot be observed under this strategy; proposed as the error "bad-value". */
export class BadValue extends TypeError {
  code = "bad-value";
}
BadValue.prototype.name = "BadValue";

function decimalText(value) {
  const text = typeof value === "string" ? value : Decimal.from(value).toString();
  const digits = text.length - text.startsWith("-") - text.includes(".");
  if (!DECIMAL.test(text) || digits > MAX_DIGITS) throw new BadValue(`not a decimal of at most ${MAX_DIGITS} digits: ${text.slice(0, 100)}`);
  return text;
}

function plainText(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Decimal) return decimalText(value);
  throw new BadValue(`an observation must be a string, bytes or a number, not ${kindOf(value)}: encode it yourself`);
}

const scalar = (name, toText, fromText) => ({
  aggregate: name,
  toText,
  fromText,
  encode: (value) => utf8.encode(toText(value)),
  decode: (bytes) => fromText(utf8.decode(bytes)),
});

const exact = (name) =>
  Object.freeze({
    ...scalar(name, plainText, (text) => text),
    encode: (value) => bytesOf(value) ?? utf8.encode(plainText(value)),
    decode: (bytes, as) => (as === "bytes" ? bytes : utf8.decode(bytes)),
  });

const numeric = (name) => Object.freeze(scalar(name, decimalText, Decimal.from));
const items = (name, arrange, fromText = JSON.parse) =>
  Object.freeze(scalar(name, (value) => itemsText(value, arrange), fromText));

/** Canonical JSON of an array of strings. */
function itemsText(value, arrange) {
  if (typeof value !== "object" || typeof value?.[Symbol.iterator] !== "function" || bytesOf(value))
    throw new BadValue(`a set or list is observed as an array of strings, not ${kindOf(value)}`);
  return canonical(arrange(Array.from(value, plainText)));
}

const asSet = (texts) => [...new Set(texts)].sort(); // by UTF-16 code units
const asList = (texts) => texts;
const counted = (text) => Object.fromEntries(Object.entries(JSON.parse(text)).map(([item, count]) => [item, Number(count)]));

export const median = numeric("median");
export const min = numeric("min");
export const max = numeric("max");
export const trimmedMean = numeric("trimmed-mean");
export const identical = exact("identical");
export const mode = exact("mode");
export const union = items("union", asSet);
export const intersection = items("intersection", asSet);
export const frequency = items("frequency", asSet, counted);
export const commonPrefix = items("common-prefix", asList);
export const commonSuffix = items("common-suffix", asList);
/** One member looks for all: docs/protocol.md, "Single". */
export const single = exact("single");

const OF_FIELDS = new Set([
  ...[median, min, max, trimmedMean, identical, mode, union, intersection, frequency, commonPrefix, commonSuffix],
]);
const NAMES = "median, min, max, trimmedMean, identical, mode, union, intersection, frequency, commonPrefix or commonSuffix";

/** A strategy for each field of an object: fields({ price: median, venue: mode }). */
export function fields(strategies) {
  const names = Object.keys(strategies);
  if (!names.length || names.length > MAX_FIELDS) throw new TypeError(`fields needs 1 to ${MAX_FIELDS} fields`);
  for (const name of names)
    if (!OF_FIELDS.has(strategies[name])) throw new TypeError(`field "${name}": use ${NAMES}`);
  const toObject = (value) => {
    if (typeof value !== "object" || value === null) throw new BadValue(`fields needs an object, not ${kindOf(value)}`);
    const extra = Object.keys(value).find((name) => !names.includes(name));
    if (extra !== undefined) throw new BadValue(`field "${extra}" has no strategy`);
    return Object.fromEntries(names.map((name) => [name, fieldText(name, value)]));
  };
  const fieldText = (name, value) => {
    if (!Object.hasOwn(value, name)) throw new BadValue(`field "${name}" is missing`);
    return strategies[name].toText(value[name]);
  };
  const strategy = {
    aggregate: { fields: Object.fromEntries(names.map((name) => [name, strategies[name].aggregate])) },
    encode: (value) => utf8.encode(canonical(toObject(value))),
    decode: (bytes) => {
      const texts = JSON.parse(utf8.decode(bytes));
      return Object.fromEntries(names.map((name) => [name, strategies[name].fromText(texts[name])]));
    },
  };
  STRATEGIES.add(strategy);
  return Object.freeze(strategy);
}

const STRATEGIES = new WeakSet([...OF_FIELDS, single]);

export function requireStrategy(value) {
  if (typeof value === "object" && value !== null && STRATEGIES.has(value)) return value;
  throw new TypeError("observe's first argument must be a strategy: median, identical, mode, fields({...}), …");
}
