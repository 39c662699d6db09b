// What differs from a browser's or Node's global scope, so that every node computes the same.
import { utf8 } from "./bytes.js";
import { log } from "./log.js";

function define(target, name, value) {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

define(Math, "random", function random() {
  throw new Error("Math.random would differ from node to node: agreed randomness is random.draw() and its stream, of the module 'executor'");
});

define(globalThis, "console", {
  debug: log.debug,
  log: log.info,
  info: log.info,
  warn: log.warn,
  error: log.error,
});

define(globalThis, "TextEncoder", class TextEncoder {
  encoding = "utf-8";

  encode(text = "") {
    return utf8.encode(String(text).toWellFormed());
  }
});

define(globalThis, "TextDecoder", class TextDecoder {
  #fatal;
  encoding = "utf-8";

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder knows utf-8 only, not "${label}"`);
    this.#fatal = fatal;
  }

  decode(bytes = new Uint8Array(0)) {
    return utf8.decode(bytes, { lossy: !this.#fatal });
  }
});

delete globalThis.performance; // there is no clock but the request's timestamp
