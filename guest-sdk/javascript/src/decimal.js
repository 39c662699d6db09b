// Exact decimals: what agreed numbers are. A value is units / 10^scale; nothing here rounds unless asked to.

const TEXT = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/; // the decimals of the protocol
const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?$/; // what String(number) gives
const SEVENTEEN_DIGITS = /^-?(0\.0*)?[1-9](\.?[0-9]){16}(e|$)/;
const MAX_SCALE = 1100; // the longest fraction a double has, 5e-324 written out, is 324 digits; products may have more

const power = (exponent) => 10n ** BigInt(exponent);
const magnitude = (value) => (value < 0n ? -value : value);

export class Decimal {
  #units;
  #scale;

  constructor(units, scale = 0) {
    if (typeof units !== "bigint") throw new TypeError("new Decimal takes BigInt units; use Decimal.from for other values");
    if (!Number.isInteger(scale) || scale < 0 || scale > MAX_SCALE) throw new RangeError(`scale must be 0 to ${MAX_SCALE}`);
    this.#units = units;
    this.#scale = scale;
    Object.freeze(this);
  }

  /** From a Decimal, a BigInt, a decimal string such as "-12.50", or a finite number (its shortest decimal form). */
  static from(value) {
    if (value instanceof Decimal) return value;
    if (typeof value === "bigint") return new Decimal(value);
    if (typeof value === "number") return fromNumber(value);
    const match = typeof value === "string" && TEXT.exec(value);
    if (!match) throw new TypeError(`not a decimal: ${typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : typeof value}`);
    const [, sign, whole, fraction = ""] = match;
    return new Decimal(BigInt(sign + whole + fraction), fraction.length);
  }

  get units() {
    return this.#units;
  }

  get scale() {
    return this.#scale;
  }

  add(other) {
    const [a, b, scale] = aligned(this, Decimal.from(other));
    return new Decimal(a + b, scale);
  }

  sub(other) {
    const [a, b, scale] = aligned(this, Decimal.from(other));
    return new Decimal(a - b, scale);
  }

  mul(other) {
    const factor = Decimal.from(other);
    return new Decimal(this.#units * factor.#units, this.#scale + factor.#scale);
  }

  negated() {
    return new Decimal(-this.#units, this.#scale);
  }

  /** -1, 0 or 1, by value: "1.0" and "1" are equal. */
  compare(other) {
    const [a, b] = aligned(this, Decimal.from(other));
    return a < b ? -1 : a > b ? 1 : 0;
  }

  equals(other) {
    return this.compare(other) === 0;
  }

  /**
   * The value times 10^places as a BigInt. Digits beyond are cut off ("trunc", towards zero) unless rounding says
   * "floor", "ceil", "half-up" (half away from zero), "half-even" or "exact" (throw if anything would be lost).
   */
  scaled(places, { rounding = "trunc" } = {}) {
    if (!Number.isInteger(places) || places < 0 || places > MAX_SCALE) throw new RangeError(`places must be 0 to ${MAX_SCALE}`);
    const round = ROUNDINGS[rounding];
    if (!round) throw new TypeError(`unknown rounding "${rounding}": use ${Object.keys(ROUNDINGS).join(", ")}`);
    if (places >= this.#scale) return this.#units * power(places - this.#scale);
    const divisor = power(this.#scale - places);
    const quotient = this.#units / divisor; // towards zero
    const rest = this.#units % divisor;
    if (rest === 0n) return quotient;
    return quotient + round(quotient, magnitude(rest) * 2n - divisor, this.#units < 0n ? -1n : 1n);
  }

  /** The same with so many digits after the point; what is lost is rounded half to even unless rounding says otherwise. */
  rounded(places, { rounding = "half-even" } = {}) {
    return new Decimal(this.scaled(places, { rounding }), places);
  }

  /** The nearest double: for display and thresholds, not for money. */
  toNumber() {
    return Number(this.toString());
  }

  /** Plain notation, trailing zeros kept. */
  toString() {
    const digits = magnitude(this.#units).toString().padStart(this.#scale + 1, "0");
    const cut = digits.length - this.#scale;
    const text = this.#scale ? `${digits.slice(0, cut)}.${digits.slice(cut)}` : digits;
    return this.#units < 0n ? `-${text}` : text;
  }

  toJSON() {
    return this.toString();
  }

  /** Refused, so that a < b and a + b do not silently go through strings or doubles. */
  [Symbol.toPrimitive](hint) {
    if (hint === "string") return this.toString();
    throw new TypeError("a Decimal has no operators: use add, sub, mul, compare, scaled or toNumber");
  }
}

// What to add to the quotient cut off towards zero; excess is the sign of (lost part - one half).
const ROUNDINGS = {
  trunc: () => 0n,
  floor: (_quotient, _excess, sign) => (sign < 0n ? -1n : 0n),
  ceil: (_quotient, _excess, sign) => (sign < 0n ? 0n : 1n),
  "half-up": (_quotient, excess, sign) => (excess >= 0n ? sign : 0n),
  "half-even": (quotient, excess, sign) => (excess > 0n || (excess === 0n && quotient % 2n !== 0n) ? sign : 0n),
  exact: () => {
    throw new RangeError("scaled: digits would be lost");
  },
};

function fromNumber(number) {
  if (!Number.isFinite(number)) throw new TypeError(`not a decimal: ${number}`);
  const [, sign, whole, fraction = "", exponent = "0"] = NUMBER.exec(shortest(number));
  const scale = fraction.length - Number(exponent);
  const units = BigInt(sign + whole + fraction);
  return scale < 0 ? new Decimal(units * power(-scale)) : new Decimal(units, scale);
}

/** The fewest digits that read back as the same number; at powers of two QuickJS's own text may have one too many. */
function shortest(number) {
  const text = String(number);
  if (!SEVENTEEN_DIGITS.test(text)) return text;
  const [mantissa, exponent] = number.toExponential(15).split("e");
  const units = BigInt(mantissa.replace(".", ""));
  const candidates = [units, units + (units < 0n ? -1n : 1n)].map((digits) => `${digits}e${Number(exponent) - 15}`);
  return candidates.find((candidate) => Number(candidate) === number) ?? text;
}

function aligned(a, b) {
  if (a.scale === b.scale) return [a.units, b.units, a.scale];
  const scale = Math.max(a.scale, b.scale);
  return [a.units * power(scale - a.scale), b.units * power(scale - b.scale), scale];
}
