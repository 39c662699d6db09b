// What the engine calls: the way into the user's function, and the way an error gets out.
import "./globals.js";
import { bytesOf, kindOf, utf8 } from "./bytes.js";
import { context } from "./context.js";

export { describe } from "./errors.js";

class Input {
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

  get context() {
    return context;
  }
}

/** Calls the user's function; gives the output bytes or a promise of them. */
export function start(fn, bytes) {
  const result = fn(new Input(bytes));
  return typeof result?.then === "function" ? Promise.resolve(result).then(outputOf) : outputOf(result);
}

function outputOf(value) {
  if (value === undefined) return new Uint8Array(0);
  if (typeof value === "string") return utf8.encode(value);
  const bytes = bytesOf(value);
  if (!bytes) throw new TypeError(`a function returns bytes or a string, not ${kindOf(value)}: encode it, with JSON.stringify or abi.encode`);
  return bytes.slice();
}

/** Rejected promises that nobody handles yet, in order; the engine looks at the first when all jobs are done. */
class Rejections extends Map {
  set(promise, reason) {
    return super.set(promise, { reason });
  }

  get first() {
    return this.values().next().value;
  }
}

export const rejections = new Rejections();
