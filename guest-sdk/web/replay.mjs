/**
 * Executes a request over a transcript: what `executor.vm.execute` does, for any engine with a WebAssembly API.
 *
 * Agreed mode only: there is no clock, network or randomness here, and nothing asks for one. Outcome and fuel are the
 * same as a node's, byte for byte; whoever has function, request and transcript can check a node's report with it.
 *
 * Rule 1. What ended the run first, stays; whoever ends it takes the fuel away, so the guest's next check stops it.
 * Rule 2. Prices are taken before anything is looked at, and a call that fails has paid.
 * Rule 3. What an import throws is this host's failure: it comes through, and there is no outcome.
 */

import { ACTIONS, ALLOWED, TranscriptMismatch } from "./imports.mjs";
import { GuestStopped, Machine, Stop } from "./machine.mjs";
import { readOutline } from "./outline.mjs";
import { textOf } from "./spec.mjs";

const PAGES_PER_MIB = 16;
const NOTHING = -1n;

export { TranscriptMismatch };

/** This engine failed, not the guest: no outcome. */
export class HostFault extends Error {}

/**
 * A function ready to run: `instrumented` are the bytes of its module after the metering pass, `source` what an engine
 * loads (empty for plain modules), `limits` those of the manifest, `rules` the content of rules.json. Whoever has
 * compiled the module before gives it again.
 */
export function load(instrumented, source, limits, rules, module = new WebAssembly.Module(instrumented)) {
  const outline = readOutline(instrumented);
  const { memory } = outline;
  const allowed = limits.memory_mib * PAGES_PER_MIB;
  const { base, bytes_shift: shift, element, page } = rules.instantiation;
  return {
    module,
    source,
    limits,
    rules,
    initializes: outline.exports.has("_initialize"),
    pages: Math.min(allowed, memory.maximum ?? allowed),
    price: base + (outline.dataBytes >>> shift) + element * outline.elements + page * memory.minimum,
  };
}

/**
 * The outcome of a request. Pure.
 *
 * `request` is {input, context, draws}: its input and the answer of `input.context`, both bytes, and the specs of the
 * draws that request and manifest ask for, in order, as many as are granted (none where it is left out). `transcript`
 * is a list of {spec, kind, value}; a draw's entry (kind 3) has `drawn`, too: the 32 bytes its proof is worth. Specs and
 * order are checked here; that a proof verifies, and what it is worth, is for whoever gives them. `operations` answers the pure operations: {name: function of (data, request) to bytes}. `events`,
 * when given, receives {name, fuel_used, argument, answer} of every import call.
 *
 * Returns {returned: bytes, fuel_used}, {failed: bytes, fuel_used}, {trapped: code, fuel_used} or {awaiting: slot, spec}.
 * Throws TranscriptMismatch and HostFault.
 */
export function execute(program, request, transcript, operations, events) {
  const run = new Run(program, request, transcript, operations, events);
  return run.execute();
}

/** One run; imports.mjs has the actions of its imports. */
class Run {
  constructor(program, request, transcript, operations, events) {
    Object.assign(this, { program, request, transcript, operations, events });
    this.rules = program.rules;
    this.budget = BigInt(program.limits.fuel);
    this.slot = 0;
    this.draws = 0;
    this.mode = "setup"; // before `run` is called
    this.pending = undefined;
    this.logBytes = this.logLines = 0;
  }

  execute() {
    const { program } = this;
    const imports = Object.fromEntries(
      Object.keys(this.rules.imports).map((name) => [name, (...values) => this.enter(name, values)]),
    );
    const meter = { fuel: this.budget, depth: this.rules.depth, pages: program.pages };
    this.machine = new Machine(program.module, imports, meter);
    this.pay(program.price);
    if (this.request.input.length > this.rules.ceilings.input_bytes) this.trap("ABI");
    try {
      this.drive();
    } catch (error) {
      if (!(error instanceof GuestStopped)) throw error;
      this.stopped(error);
    }
    if (this.fault !== undefined) throw this.fault;
    if (this.end.awaiting === undefined && this.slot < this.transcript.length) {
      throw new TranscriptMismatch(`the run consumed ${this.slot} of ${this.transcript.length} entries`);
    }
    return this.end;
  }

  /** Calls the exports in order, until the run has ended. */
  drive() {
    const { program, request } = this;
    if (program.initializes) this.call("_initialize");
    if (program.source.length > 0) {
      const pointer = this.handOver(program.source);
      this.call("load", pointer, program.source.length);
    }
    const pointer = this.handOver(request.input);
    this.mode = "agreed";
    const packed = this.call("run", pointer, request.input.length);
    if (!this.ended) this.takeOutput(BigInt.asUintN(64, packed));
  }

  /** One call of an export, unless the run has ended. */
  call(name, ...values) {
    if (this.ended) return 0;
    const result = this.machine.call(name, ...values);
    if (!this.ended && this.machine.fuel < 0n) this.trap("OUT_OF_FUEL");
    return result;
  }

  /** Copies bytes to where the guest's `alloc` says. */
  handOver(data) {
    const pointer = this.call("alloc", data.length) >>> 0;
    if (this.ended) return pointer;
    if (this.machine.contains(pointer, data.length)) this.machine.write(pointer, data);
    else this.trap("ABI");
    return pointer;
  }

  takeOutput(packed) {
    const [pointer, length] = [Number(packed >> 32n), Number(packed & 0xffffffffn)];
    if (!this.machine.contains(pointer, length) || length > this.program.limits.output_bytes) this.trap("ABI");
    else this.finish({ returned: this.machine.read(pointer, length), fuel_used: this.fuelUsed() });
  }

  stopped(error) {
    if (this.ended) return;
    if (error.stop === Stop.HOST || error.stop === Stop.NATIVE_STACK) this.fail(new HostFault(error.message));
    else this.trap(error.stop);
  }

  // How a run ends

  get ended() {
    return this.end !== undefined || this.fault !== undefined;
  }

  finish(end) {
    if (this.ended) return;
    this.end = end;
    this.machine.fuel = NOTHING;
  }

  fail(fault) {
    if (this.ended) return;
    this.fault = fault;
    this.machine.fuel = NOTHING;
  }

  trap(code) {
    this.finish({ trapped: code, fuel_used: this.budget });
  }

  fuelUsed() {
    return this.budget - this.machine.fuel;
  }

  /** Takes this much fuel; false when the run has ended over it. */
  pay(price) {
    const left = this.machine.fuel;
    if (left < BigInt(price)) this.trap("OUT_OF_FUEL");
    else this.machine.fuel = left - BigInt(price);
    return !this.ended;
  }

  // Imports

  enter(name, values) {
    const given = values.map((value) => value >>> 0);
    const returns = name === "observe" || name === "call";
    const nothing = returns ? 0n : undefined;
    const size =
      name === "read" ? this.pending?.length ?? 0 : name === "call" ? given[1] + given[3] : given[given.length - 1];
    const [base, perByte] = this.rules.imports[name];
    if (this.ended || !this.pay(base + perByte * size)) return nothing;
    if (!ALLOWED[this.mode].includes(name)) {
      this.trap("ABI");
      return nothing;
    }
    const event = this.events === undefined ? undefined : this.describe(name, given);
    const result = ACTIONS[name](this, ...given);
    if (event !== undefined) {
      if (returns && !this.ended) event.answer = this.pending;
      this.events.push(event);
    }
    return returns ? BigInt(result ?? 0) : undefined;
  }

  describe(name, given) {
    const ranges = name === "call" ? [given.slice(0, 2), given.slice(2)] : name === "read" ? [] : [given.slice(-2)];
    const parts = ranges.map((range) => (this.machine.contains(...range) ? this.machine.read(...range) : []));
    const argument = parts.length > 1 ? [...parts[0], 0, ...parts[1]] : [...(parts[0] ?? [])];
    const answer = name === "read" ? this.pending : undefined;
    return { name, fuel_used: this.fuelUsed(), argument: Uint8Array.from(argument), answer: answer ?? new Uint8Array(0) };
  }

  /** The guest's bytes, or undefined when the run has ended over them. */
  bytes(pointer, length, limit) {
    if (this.machine.contains(pointer, length) && length <= limit) return this.machine.read(pointer, length);
    this.trap("ABI");
    return undefined;
  }

  text(pointer, length, limit) {
    const data = this.bytes(pointer, length, limit);
    const text = data === undefined ? undefined : textOf(data);
    if (text === undefined) this.trap("ABI");
    return text;
  }
}
