// What only a node that looks can read (docs/secrets.md): secrets of the function's owner, the sealed part of the input.
import { kindOf, requireBytes, utf8 } from "./bytes.js";
import { live } from "./calls.js";

/** Bytes with the ways to read them. */
class PrivateText {
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
    Object.freeze(this);
  }

  get bytes() {
    return this.#bytes;
  }

  text() {
    return utf8.decode(this.#bytes);
  }

  json() {
    return JSON.parse(this.text());
  }
}

function read(name) {
  if (typeof name !== "string") throw new TypeError(`a secret's name must be a string, not ${kindOf(name)}`);
  return live("secrets.get", utf8.encode(name));
}

export const secrets = Object.freeze({
  /** The value as text. */
  get(name) {
    return utf8.decode(read(name));
  },
  bytes(name) {
    return read(name);
  },
});

/** The text of an envelope, which must be part of the request's input. */
export function privateInput(envelope) {
  return new PrivateText(live("input.private", requireBytes(envelope, "privateInput's argument")));
}
