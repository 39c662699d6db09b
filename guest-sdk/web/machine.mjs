/**
 * One instance of an instrumented module, on any engine with a WebAssembly API.
 *
 * The module counts for itself (docs/metering.md): it exports the globals `meter.fuel` (i64, what is left),
 * `meter.depth` (i32, stack slots left), `meter.pages` (i32, most pages the memory may have) and `meter.status` (i32,
 * which check of ours failed). An engine needs nothing but globals and calls, so nothing here depends on which it is.
 *
 * After a trap the fuel left means nothing. No floating-point value crosses this file: JavaScript has one NaN only.
 */

/** What stopped a guest; as coarse as outcomes are. */
export const Stop = Object.freeze({
  OUT_OF_FUEL: "OUT_OF_FUEL",
  STACK: "STACK",
  /** The engine refused a `memory.grow` that the rules allow: our fault. */
  HOST: "HOST",
  TRAP: "TRAP",
  /** The engine's own stack ended before ours did: our fault. */
  NATIVE_STACK: "NATIVE_STACK",
});

const CHECKS = [undefined, Stop.OUT_OF_FUEL, Stop.STACK, Stop.HOST];

/** Thrown by `Machine.call` when the guest was stopped; `cause` is the engine's own error. */
export class GuestStopped extends Error {
  constructor(stop, cause) {
    super(`${stop}: ${cause.message}`, { cause });
    this.name = "GuestStopped";
    this.stop = stop;
  }
}

export class Machine {
  /**
   * Instantiates a compiled module and sets its meter.
   *
   * `imports` is {name: function} of the module `executor`. A function must not throw: it ends a run by taking the
   * fuel away. Throws WebAssembly.RuntimeError when a segment is out of bounds.
   */
  constructor(module, imports, { fuel, depth, pages }) {
    this.exports = new WebAssembly.Instance(module, { executor: imports }).exports;
    this.memory = Object.values(this.exports).find((item) => item instanceof WebAssembly.Memory);
    this.fuel = fuel;
    this.exports["meter.depth"].value = depth;
    this.exports["meter.pages"].value = pages;
    this.exports["meter.status"].value = 0;
  }

  /** Fuel left, a BigInt: exact in an import and after a call that returned. */
  get fuel() {
    return this.exports["meter.fuel"].value;
  }

  set fuel(left) {
    this.exports["meter.fuel"].value = left;
  }

  /** Stack slots left. */
  get depth() {
    return this.exports["meter.depth"].value;
  }

  /** Calls an export; throws GuestStopped. What an import threw comes through as it is. */
  call(name, ...values) {
    try {
      return this.exports[name](...values);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        throw new GuestStopped(CHECKS[this.exports["meter.status"].value] ?? Stop.TRAP, error);
      }
      if (error instanceof RangeError && /call stack/i.test(error.message)) {
        throw new GuestStopped(Stop.NATIVE_STACK, error);
      }
      throw error;
    }
  }

  /** Bytes of the memory now; 0 without one. */
  get size() {
    return this.memory === undefined ? 0 : this.memory.buffer.byteLength;
  }

  /** Whether a range is inside the memory; an empty one is, wherever it points. */
  contains(pointer, length) {
    return length === 0 || pointer + length <= this.size;
  }

  /** A copy of a range that `contains`. */
  read(pointer, length) {
    return length === 0 ? new Uint8Array(0) : new Uint8Array(this.memory.buffer, pointer, length).slice();
  }

  /** Copies into a range that `contains`. */
  write(pointer, data) {
    if (data.length > 0) {
      new Uint8Array(this.memory.buffer, pointer, data.length).set(data);
    }
  }
}
