// Solidity's ABI by type names, strictly: offsets and lengths stay inside the data, padding is zero, numbers fit.
import { isUtf8, join, textOf, utf8 } from "./bytes";
import { Decimal } from "./decimal";
import { Rounding } from "./decimal";

const WORD = 32;
const MAX_DEPTH = 32;

/** A list or tuple has items; all else has bytes: numbers and bools 32, big-endian and sign-extended, address 20, bytesN N. */
export class AbiValue {
  constructor(readonly bytes: Uint8Array, readonly items: AbiValue[] = []) {}

  static text(text: string): AbiValue {
    return new AbiValue(utf8(text));
  }

  static bool(flag: bool): AbiValue {
    return AbiValue.integer(flag ? 1 : 0);
  }

  static integer(number: i64): AbiValue {
    return AbiValue.decimal(Decimal.integer(number));
  }

  static list(items: AbiValue[]): AbiValue {
    return new AbiValue(new Uint8Array(0), items);
  }

  /** An integer as a word; one that fits neither uint256 nor int256 throws, and so do digits after the point. */
  static decimal(integer: Decimal): AbiValue {
    const digits = integer.scaled(0, Rounding.Exact).digits;
    const word = new Uint8Array(WORD);
    for (let i = 0; i < digits.length; i++) {
      let carry: u32 = digits[i];
      for (let j = WORD - 1; j >= 0; j--) {
        carry += <u32>word[j] * 10;
        word[j] = <u8>carry;
        carry >>= 8;
      }
      if (carry) throw new Error("a decimal does not fit 256 bits");
    }
    if (integer.negative) {
      negate(word);
      if (word[0] < 0x80) throw new Error("a decimal does not fit 256 bits");
    }
    return new AbiValue(word);
  }

  get isTrue(): bool {
    return this.bytes[this.bytes.length - 1] == 1;
  }

  toText(): string {
    return textOf(this.bytes);
  }

  /** The number that a word is, of a uint type. */
  unsigned(): Decimal {
    return numberOf(this.bytes, false);
  }

  /** The same of an int type. */
  signed(): Decimal {
    return numberOf(this.bytes, this.bytes[0] >= 0x80);
  }
}

function negate(word: Uint8Array): void {
  let carry: u32 = 1;
  for (let i = WORD - 1; i >= 0; i--) {
    carry += <u32>(~word[i] & 0xff);
    word[i] = <u8>carry;
    carry >>= 8;
  }
}

function numberOf(bytes: Uint8Array, negative: bool): Decimal {
  if (bytes.length != WORD) throw new Error("a number's word has 32 bytes");
  const rest = bytes.slice(0);
  if (negative) negate(rest);
  let text = "";
  for (let zero = false; !zero; ) {
    let remainder: u32 = 0;
    zero = true;
    for (let i = 0; i < WORD; i++) {
      remainder = (remainder << 8) | rest[i];
      rest[i] = <u8>(remainder / 10);
      remainder %= 10;
      zero = zero && rest[i] == 0;
    }
    text = String.fromCharCode(0x30 + remainder) + text;
  }
  return Decimal.from(negative ? "-" + text : text);
}

enum Kind { Uint, Int, Address, Bool, Fixed, Bytes, Text, Array, List, Tuple }

class Type {
  kind: Kind = Kind.Uint;
  width: i32 = 256; // of numbers in bits; of bytesN; of T[k] how many
  parts: Type[] = []; // of tuples; of arrays and lists one, the element's
  dynamic: bool = false;
  size: i32 = WORD; // of its head

  part(index: i32): Type {
    return this.kind == Kind.Tuple ? this.parts[index] : this.parts[0];
  }
}

class Types {
  at: i32 = 0;

  constructor(private text: string) {}

  type(depth: i32): Type {
    if (depth > MAX_DEPTH) throw new Error("the type is nested too deeply");
    let type = this.next() == "(" ? this.tuple(depth) : this.named();
    while (this.next() == "[") {
      const close = this.text.indexOf("]", this.at);
      if (close < 0) throw new Error("unknown type");
      const digits = this.text.substring(this.at + 1, close);
      this.at = close + 1;
      const array = new Type();
      array.kind = digits.length ? Kind.Array : Kind.List;
      array.width = digits.length ? wholeNumber(digits, 65535) : 0;
      array.parts = [type];
      array.dynamic = !digits.length || type.dynamic;
      array.size = array.dynamic ? WORD : array.width * type.size;
      type = array;
    }
    return type;
  }

  private next(): string {
    return this.text.charAt(this.at);
  }

  private tuple(depth: i32): Type {
    const type = new Type();
    type.kind = Kind.Tuple;
    type.size = 0;
    do {
      this.at++;
      const part = this.type(depth + 1);
      type.parts.push(part);
      type.dynamic = type.dynamic || part.dynamic;
      type.size += part.size;
    } while (this.next() == ",");
    if (this.next() != ")") throw new Error("unknown type");
    this.at++;
    if (type.dynamic) type.size = WORD;
    return type;
  }

  private named(): Type {
    const start = this.at;
    while ("abcdefghijklmnopqrstuvwxyz0123456789".includes(this.next()) && this.at < this.text.length) this.at++;
    const name = this.text.substring(start, this.at);
    const type = new Type();
    if (name == "address") type.kind = Kind.Address;
    else if (name == "bool") type.kind = Kind.Bool;
    else if (name == "string" || name == "bytes") {
      type.kind = name == "bytes" ? Kind.Bytes : Kind.Text;
      type.dynamic = true;
    } else if (name.startsWith("bytes")) {
      type.kind = Kind.Fixed;
      type.width = wholeNumber(name.substring(5), 32);
    } else {
      const signed = name.startsWith("int");
      if (!signed && !name.startsWith("uint")) throw new Error("unknown type");
      const bits = name.substring(signed ? 3 : 4);
      type.kind = signed ? Kind.Int : Kind.Uint;
      type.width = bits.length ? wholeNumber(bits, 256) : 256;
      if (type.width % 8) throw new Error("unknown type");
    }
    return type;
  }
}

function wholeNumber(digits: string, most: i32): i32 {
  let number = 0;
  for (let i = 0; i < digits.length; i++) {
    const unit = digits.charCodeAt(i);
    if (unit < 0x30 || unit > 0x39 || i > 4 || (i == 0 && unit == 0x30)) throw new Error("unknown type");
    number = number * 10 + unit - 0x30;
  }
  if (number < 1 || number > most) throw new Error("unknown type");
  return number;
}

function typeOf(text: string): Type {
  const types = new Types(text);
  const type = types.type(0);
  if (types.at != text.length) throw new Error("unknown type");
  return type;
}

function padded(bytes: Uint8Array, left: bool): Uint8Array {
  const padding = new Uint8Array((WORD - (bytes.length % WORD)) % WORD);
  return left ? join([padding, bytes]) : join([bytes, padding]);
}

function small(number: i32): Uint8Array {
  const word = new Uint8Array(WORD);
  for (let i = 0; i < 4; i++) word[WORD - 1 - i] = <u8>(number >> (8 * i));
  return word;
}

function fits(type: Type, word: Uint8Array): bool {
  const spare = WORD - (type.kind == Kind.Bool ? 8 : type.width) / 8;
  const filler: u8 = type.kind == Kind.Int && word[min(spare, WORD - 1)] >= 0x80 ? 0xff : 0;
  for (let i = 0; i < spare; i++) if (word[i] != filler) return false;
  return type.kind != Kind.Bool || word[WORD - 1] < 2;
}

function write(type: Type, value: AbiValue): Uint8Array {
  const bytes = value.bytes;
  const count = value.items.length;
  switch (type.kind) {
    case Kind.Tuple:
    case Kind.Array:
      if (count != (type.kind == Kind.Tuple ? type.parts.length : type.width)) throw new Error("there are as many items as the type says");
      return sequence(type, value.items);
    case Kind.List:
      return join([small(count), sequence(type, value.items)]);
    case Kind.Text:
    case Kind.Bytes:
      return join([small(bytes.length), padded(bytes, false)]);
    case Kind.Fixed:
      if (bytes.length != type.width) throw new Error("bytesN has N bytes");
      return padded(bytes, false);
    case Kind.Address:
      if (bytes.length != 20) throw new Error("an address has 20 bytes");
      return padded(bytes, true);
    default:
      if (bytes.length != WORD || !fits(type, bytes)) throw new Error("a number does not fit its type");
      return bytes;
  }
}

function sequence(type: Type, items: AbiValue[]): Uint8Array {
  let offset = 0;
  for (let i = 0; i < items.length; i++) offset += type.part(i).size;
  const heads: Uint8Array[] = [];
  const tails: Uint8Array[] = [];
  for (let i = 0; i < items.length; i++) {
    const written = write(type.part(i), items[i]);
    if (!type.part(i).dynamic) {
      heads.push(written);
      continue;
    }
    heads.push(small(offset));
    tails.push(written);
    offset += written.length;
  }
  return join(heads.concat(tails));
}

function refuse(): void {
  throw new Error("the data do not fit their types");
}

function take(data: Uint8Array, at: i32, length: i32): Uint8Array {
  if (at < 0 || length < 0 || at > data.length || length > data.length - at) refuse();
  return data.subarray(at, at + length);
}

/** An offset or length: what leaves the data is refused before anything is made of it. */
function smallOf(data: Uint8Array, at: i32): i32 {
  const word = take(data, at, WORD);
  let number: u32 = 0;
  for (let i = 0; i < WORD; i++) {
    if (i < 28 && word[i]) refuse();
    number = (number << 8) | word[i];
  }
  if (number > <u32>data.length) refuse();
  return number;
}

function unpadded(bytes: Uint8Array, from: i32, length: i32): Uint8Array {
  for (let i = 0; i < bytes.length; i++) if ((i < from || i >= from + length) && bytes[i]) refuse();
  return bytes.subarray(from, from + length);
}

function several(type: Type, count: i32, data: Uint8Array, base: i32): AbiValue {
  const items: AbiValue[] = [];
  let at = base;
  for (let i = 0; i < count; i++) {
    const part = type.part(i);
    items.push(read(part, data, part.dynamic ? base + smallOf(data, at) : at));
    at += part.size;
  }
  return AbiValue.list(items);
}

function read(type: Type, data: Uint8Array, at: i32): AbiValue {
  switch (type.kind) {
    case Kind.Tuple:
      return several(type, type.parts.length, data, at);
    case Kind.Array:
    case Kind.List: {
      const count = type.kind == Kind.List ? smallOf(data, at) : type.width;
      const base = type.kind == Kind.List ? at + WORD : at;
      if (base > data.length || count > (data.length - base) / type.part(0).size) refuse();
      return several(type, count, data, base);
    }
    case Kind.Text:
    case Kind.Bytes: {
      const length = smallOf(data, at);
      const found = unpadded(take(data, at + WORD, length + ((WORD - (length % WORD)) % WORD)), 0, length);
      if (type.kind == Kind.Text && !isUtf8(found)) refuse();
      return new AbiValue(found);
    }
    case Kind.Fixed:
      return new AbiValue(unpadded(take(data, at, WORD), 0, type.width));
    case Kind.Address:
      return new AbiValue(unpadded(take(data, at, WORD), 12, 20));
    default: {
      const word = take(data, at, WORD);
      if (!fits(type, word)) refuse();
      return new AbiValue(word);
    }
  }
}

export namespace abi {
  /** abi.encode: of a tuple as of its parts, "(uint256,string)". */
  export function encode(type: string, value: AbiValue): Uint8Array {
    const parsed = typeOf(type);
    return parsed.kind == Kind.Tuple ? write(parsed, value) : write(typeOf("(" + type + ")"), AbiValue.list([value]));
  }

  /** abi.decode; throws where the data do not fit. */
  export function decode(type: string, data: Uint8Array): AbiValue {
    const parsed = typeOf(type);
    return parsed.kind == Kind.Tuple ? read(parsed, data, 0) : read(typeOf("(" + type + ")"), data, 0).items[0];
  }
}
