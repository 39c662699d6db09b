// Exact decimals of any length: what agreed numbers are. Zeros at the end are kept; zero has no sign.
import { digitsOfDouble } from "./double";

const MAX_DIGITS = 78; // what is agreed on has at most as many
const MAX_SCALE = 1100;

/** trunc: towards zero. half-up: away from zero. exact: throws where a digit would be lost. */
export enum Rounding { Trunc, Floor, Ceil, HalfUp, HalfEven, Exact }

/** Whether a text is a decimal of the protocol: -?(0|[1-9][0-9]*)(\.[0-9]+)?, of at most 78 digits. */
export function isDecimal(text: string): bool {
  let i = text.startsWith("-") ? 1 : 0;
  const start = i;
  while (i < text.length && isDigit(text.charCodeAt(i))) i++;
  const whole = i - start;
  if (whole == 0 || (whole > 1 && text.charCodeAt(start) == 0x30)) return false;
  if (i == text.length) return whole <= MAX_DIGITS;
  if (text.charCodeAt(i++) != 0x2e) return false;
  const point = i;
  while (i < text.length && isDigit(text.charCodeAt(i))) i++;
  return i == text.length && i > point && whole + i - point <= MAX_DIGITS;
}

function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

export class Decimal {
  /** The digits, the most significant first, of which the last `scale` stand after the point. */
  constructor(readonly negative: bool, readonly digits: Uint8Array, readonly scale: i32) {}

  /** Throws where the text is no decimal. */
  static from(text: string): Decimal {
    if (!isDecimal(text)) throw new Error("not a decimal");
    const point = text.indexOf(".");
    const digits = new Uint8Array(text.length);
    let length = 0;
    for (let i = 0; i < text.length; i++) if (isDigit(text.charCodeAt(i))) digits[length++] = <u8>(text.charCodeAt(i) - 0x30);
    return tidy(text.startsWith("-"), digits.subarray(0, length), point < 0 ? 0 : text.length - point - 1);
  }

  /** The fewest digits that read back as the same number; throws for NaN and infinities. */
  static of(number: f64): Decimal {
    const found = digitsOfDouble(number);
    const scale = max(0, found.digits.length - found.point);
    const digits = new Uint8Array(found.point + scale > found.digits.length ? found.point + scale : found.digits.length);
    digits.set(found.digits);
    return tidy(number < 0, digits, scale);
  }

  static integer(number: i64): Decimal {
    return Decimal.from(number.toString());
  }

  add(other: Decimal): Decimal {
    const scale = max(this.scale, other.scale);
    const whole = max(this.digits.length - this.scale, other.digits.length - other.scale) + 1;
    let large = widened(this, whole, scale);
    let small = widened(other, whole, scale);
    const same = this.negative == other.negative;
    let negative = this.negative;
    if (!same && order(large, small) < 0) {
      const larger = small;
      small = large;
      large = larger;
      negative = other.negative;
    }
    let carry = 0;
    for (let i = large.length - 1; i >= 0; i--) {
      let digit = same ? <i32>large[i] + small[i] + carry : <i32>large[i] - small[i] - carry;
      carry = digit > 9 || digit < 0 ? 1 : 0;
      large[i] = <u8>(digit < 0 ? digit + 10 : digit % 10);
    }
    return tidy(negative, large, scale);
  }

  sub(other: Decimal): Decimal {
    return this.add(other.negated());
  }

  mul(other: Decimal): Decimal {
    const made = new Uint8Array(this.digits.length + other.digits.length);
    for (let i = this.digits.length - 1; i >= 0; i--) {
      let carry: u32 = 0;
      for (let j = other.digits.length - 1; j >= 0; j--) {
        carry += <u32>made[i + j + 1] + <u32>this.digits[i] * <u32>other.digits[j];
        made[i + j + 1] = <u8>(carry % 10);
        carry /= 10;
      }
      made[i] = <u8>carry;
    }
    return tidy(this.negative != other.negative, made, this.scale + other.scale);
  }

  negated(): Decimal {
    return tidy(!this.negative, this.digits, this.scale);
  }

  /** -1, 0 or 1, by value: 1.0 and 1 are equal. */
  compare(other: Decimal): i32 {
    if (this.negative != other.negative) return this.negative ? -1 : 1;
    const scale = max(this.scale, other.scale);
    const whole = max(this.digits.length - this.scale, other.digits.length - other.scale);
    const found = order(widened(this, whole, scale), widened(other, whole, scale));
    return this.negative ? -found : found;
  }

  /** With exactly so many digits after the point. */
  rounded(places: i32, rounding: Rounding = Rounding.HalfEven): Decimal {
    if (places < 0 || places > MAX_SCALE) throw new Error("places must be 0 to 1100");
    if (places >= this.scale) return tidy(this.negative, widened(this, 0, places), places);
    const lost = this.scale - places;
    const wide = widened(this, this.digits.length - this.scale + 1, this.scale);
    const kept = wide.subarray(0, wide.length - lost);
    let away = this.roundsAway(wide, lost, rounding);
    for (let i = kept.length - 1; away && i >= 0; i--) {
      away = kept[i] == 9;
      kept[i] = away ? 0 : kept[i] + 1;
    }
    return tidy(this.negative, kept, places);
  }

  /** Times 10^places, as an integer; digits beyond are cut off unless rounding says otherwise. */
  scaled(places: i32, rounding: Rounding = Rounding.Trunc): Decimal {
    const made = this.rounded(places, rounding);
    return tidy(made.negative, made.digits, 0);
  }

  /** Plain notation. */
  toString(): string {
    let text = this.negative ? "-" : "";
    for (let i = 0; i < this.digits.length; i++) {
      if (this.scale > 0 && i == this.digits.length - this.scale) text += ".";
      text += String.fromCharCode(0x30 + this.digits[i]);
    }
    return text;
  }

  private roundsAway(wide: Uint8Array, lost: i32, rounding: Rounding): bool {
    const first = wide[wide.length - lost];
    let rest = false;
    for (let i = wide.length - lost + 1; i < wide.length; i++) rest = rest || wide[i] != 0;
    if (first == 0 && !rest) return false;
    if (rounding == Rounding.Exact) throw new Error("digits of a decimal would be lost");
    if (rounding == Rounding.Floor) return this.negative;
    if (rounding == Rounding.Ceil) return !this.negative;
    if (rounding == Rounding.HalfUp) return first >= 5;
    if (rounding == Rounding.HalfEven) return first > 5 || (first == 5 && (rest || wide[wide.length - lost - 1] % 2 == 1));
    return false;
  }
}

/** Without zeros in front that say nothing, and without a sign for zero. */
function tidy(negative: bool, digits: Uint8Array, scale: i32): Decimal {
  let from = 0;
  while (digits.length - from > scale + 1 && digits[from] == 0) from++;
  let made = digits.subarray(from);
  if (made.length < scale + 1) {
    const longer = new Uint8Array(scale + 1);
    longer.set(made, scale + 1 - made.length);
    made = longer;
  }
  let zero = true;
  for (let i = 0; i < made.length; i++) zero = zero && made[i] == 0;
  return new Decimal(negative && !zero, made, scale);
}

/** A copy of the digits, at least so many before the point and after it. */
function widened(value: Decimal, whole: i32, scale: i32): Uint8Array {
  const own = value.digits.length - value.scale;
  const before = max(whole, own);
  const made = new Uint8Array(before + max(scale, value.scale));
  made.set(value.digits, before - own);
  return made;
}

function order(a: Uint8Array, b: Uint8Array): i32 {
  for (let i = 0; i < a.length; i++) if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}
