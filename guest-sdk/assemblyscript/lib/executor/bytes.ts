// Bytes and text: UTF-8, hex, joining.

/** The UTF-8 of a text; a lone surrogate throws. */
export function utf8(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit & 0xf800) != 0xd800) continue;
    if (unit > 0xdbff || i + 1 == text.length || (text.charCodeAt(i + 1) & 0xfc00) != 0xdc00) throw new Error("a lone surrogate has no UTF-8 form");
    i++;
  }
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/** Whether bytes are UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF. */
export function isUtf8(bytes: Uint8Array): bool {
  let i = 0;
  while (i < bytes.length) {
    const first = bytes[i++];
    let more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 9;
    let low: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    let high: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (more > bytes.length - i) return false;
    for (; more > 0; more--) {
      const next = bytes[i++];
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

/** The text that bytes are; throws where they are no UTF-8. */
export function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("the bytes are not UTF-8");
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

export function join(parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i].length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    joined.set(parts[i], at);
    at += parts[i].length;
  }
  return joined;
}

/** 0x and the digits of bytes. */
export function hex(bytes: Uint8Array): string {
  const digits = "0123456789abcdef";
  let text = "0x";
  for (let i = 0; i < bytes.length; i++) text += digits.charAt(bytes[i] >> 4) + digits.charAt(bytes[i] & 15);
  return text;
}

/** The bytes of hex digits, with or without 0x; anything else throws. */
export function fromHex(text: string): Uint8Array {
  const from = text.startsWith("0x") ? 2 : 0;
  if ((text.length - from) % 2 != 0) throw new Error("not a hex string");
  const bytes = new Uint8Array((text.length - from) / 2);
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i) | 32;
    const digit = unit >= 0x30 && unit <= 0x39 ? unit - 0x30 : unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : 16;
    if (digit == 16) throw new Error("not a hex string");
    const place = (i - from) / 2;
    bytes[place] = <u8>((bytes[place] << 4) | digit);
  }
  return bytes;
}

export function u32le(value: u32): Uint8Array {
  const bytes = new Uint8Array(4);
  store<u32>(bytes.dataStart, value);
  return bytes;
}

export function readU32le(bytes: Uint8Array, at: i32): u32 {
  if (at < 0 || bytes.length < 4 || at > bytes.length - 4) throw new Error("a message is too short");
  return load<u32>(bytes.dataStart + at);
}

export function slice(bytes: Uint8Array, at: i32, length: i32): Uint8Array {
  if (at < 0 || length < 0 || at > bytes.length || length > bytes.length - at) throw new Error("a message is too short");
  return bytes.subarray(at, at + length);
}
