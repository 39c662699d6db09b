// The fewest digits that read back as the same double (Steele and White), over whole numbers of 1,280 bits.

const LIMBS = 40; // 2^1074 * 10 and what comes on top need 36

export class Digits {
  /** `point` of the digits stand before the decimal point; it may be negative, or more than there are. */
  constructor(readonly digits: Uint8Array, readonly point: i32) {}
}

class Big {
  limbs: StaticArray<u32> = new StaticArray<u32>(LIMBS);

  times(factor: u32): void {
    let carry: u64 = 0;
    for (let i = 0; i < LIMBS; i++) {
      carry += <u64>this.limbs[i] * factor;
      this.limbs[i] = <u32>carry;
      carry >>= 32;
    }
  }

  shift(bits: i32): void {
    for (; bits >= 16; bits -= 16) this.times(1 << 16);
    this.times(<u32>1 << bits);
  }

  compare(other: Big): i32 {
    for (let i = LIMBS - 1; i >= 0; i--) if (this.limbs[i] != other.limbs[i]) return this.limbs[i] < other.limbs[i] ? -1 : 1;
    return 0;
  }

  plus(other: Big): Big {
    const sum = new Big();
    let carry: u64 = 0;
    for (let i = 0; i < LIMBS; i++) {
      carry += <u64>this.limbs[i] + other.limbs[i];
      sum.limbs[i] = <u32>carry;
      carry >>= 32;
    }
    return sum;
  }

  subtract(other: Big): void {
    let carry: i64 = 0;
    for (let i = 0; i < LIMBS; i++) {
      carry += <i64>this.limbs[i] - <i64>other.limbs[i];
      this.limbs[i] = <u32>carry;
      carry >>= 32;
    }
  }
}

function big(value: u64): Big {
  const made = new Big();
  made.limbs[0] = <u32>value;
  made.limbs[1] = <u32>(value >> 32);
  return made;
}

/** Of the magnitude; throws for NaN and infinities. */
export function digitsOfDouble(number: f64): Digits {
  const bits = reinterpret<u64>(number);
  let fraction: u64 = bits & 0xfffffffffffff;
  const exponent = <i32>((bits >> 52) & 0x7ff);
  if (exponent == 0x7ff) throw new Error("not a decimal");
  if (exponent == 0 && fraction == 0) return new Digits(new Uint8Array(1), 1);
  const even = (fraction & 1) == 0;
  const narrow = exponent > 1 && fraction == 0; // half as far to the number below
  if (exponent > 0) fraction |= <u64>1 << 52;
  const power = (exponent > 0 ? exponent : 1) - 1075;
  // number = rest / whole; above and below are half the ways to its neighbours, in the same parts
  const rest = big(fraction);
  const whole = big(1);
  const above = big(1);
  const below = big(1);
  rest.shift((narrow ? 2 : 1) + max(power, 0));
  whole.shift((narrow ? 2 : 1) + max(-power, 0));
  above.shift((narrow ? 1 : 0) + max(power, 0));
  below.shift(max(power, 0));
  let point = 1;
  while (true) {
    const ten = big(0).plus(whole);
    ten.times(10);
    const found = rest.plus(above).compare(ten);
    if (found < 0 || (found == 0 && !even)) break;
    whole.times(10);
    point++;
  }
  while (true) {
    const found = rest.plus(above).compare(whole);
    if (found > 0 || (found == 0 && even)) break;
    rest.times(10);
    above.times(10);
    below.times(10);
    point--;
  }
  const digits = new Uint8Array(20);
  let length = 0;
  let done = false;
  while (!done) {
    let digit: u8 = 0;
    for (; rest.compare(whole) >= 0; digit++) rest.subtract(whole);
    const low = rest.compare(below);
    const high = rest.plus(above).compare(whole);
    const down = low < 0 || (low == 0 && even);
    const up = high > 0 || (high == 0 && even);
    if (up && (!down || rest.plus(rest).compare(whole) >= 0)) digit++;
    digits[length++] = digit;
    done = down || up;
    rest.times(10);
    above.times(10);
    below.times(10);
  }
  return new Digits(digits.subarray(0, length), point);
}
