// Bytes and text: UTF-8, hex, and what counts as bytes.
import { utf8Decode, utf8Encode } from "./native";

/** The bytes of a Uint8Array, another view or an ArrayBuffer; undefined for anything else. */
export function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return undefined;
}

export function requireBytes(value, what) {
  const bytes = bytesOf(value);
  if (!bytes) throw new TypeError(`${what} must be bytes (Uint8Array or ArrayBuffer), not ${kindOf(value)}`);
  return bytes;
}

/** How an error message calls a value. */
export function kindOf(value) {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return Array.isArray(value) ? "an array" : `an object (${value.constructor?.name ?? "no prototype"})`;
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const utf8 = Object.freeze({
  /** Throws on lone surrogates: they have no UTF-8 form. */
  encode(text) {
    if (typeof text !== "string") throw new TypeError(`utf8.encode takes a string, not ${kindOf(text)}`);
    if (!text.isWellFormed()) throw new TypeError("the string has a lone surrogate and so no UTF-8 form");
    return utf8Encode(text);
  },
  /** Throws on bytes that are not UTF-8, unless lossy: then they become U+FFFD. */
  decode(bytes, { lossy = false } = {}) {
    return utf8Decode(requireBytes(bytes, "utf8.decode's argument"), !lossy);
  },
});

export const hex = Object.freeze({
  /** Lower case, with 0x. */
  encode(bytes) {
    let text = "0x";
    for (const byte of requireBytes(bytes, "hex.encode's argument")) text += byte.toString(16).padStart(2, "0");
    return text;
  },
  /** With or without 0x, any case, an even number of digits. */
  decode(text) {
    if (typeof text !== "string" || !/^(0x)?([0-9a-fA-F]{2})*$/.test(text)) throw new TypeError("not a hex string");
    const digits = text.startsWith("0x") ? text.slice(2) : text;
    const out = new Uint8Array(digits.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
    return out;
  },
});
