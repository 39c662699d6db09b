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

export const median = Object.freeze(scalar("median", decimalText, Decimal.from));
export const identical = exact("identical");
export const mode = exact("mode");

const SCALARS = new Set([median, identical, mode]);

/** A strategy for each field of an object: fields({ price: median, venue: mode }). */
export function fields(strategies) {
  const names = Object.keys(strategies);
  if (!names.length || names.length > MAX_FIELDS) throw new TypeError(`fields needs 1 to ${MAX_FIELDS} fields`);
  for (const name of names)
    if (!SCALARS.has(strategies[name])) throw new TypeError(`field "${name}": use median, identical or mode`);
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

const STRATEGIES = new WeakSet(SCALARS);

export function requireStrategy(value) {
  if (typeof value === "object" && value !== null && STRATEGIES.has(value)) return value;
  throw new TypeError("observe's first argument must be median, identical, mode or fields({...})");
}
