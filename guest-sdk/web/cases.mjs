/** Answers cases: the rules are in executor/testing/engines/cases.py, what a row says in rows.py. For node. */

import { createHash } from "node:crypto";

import { GuestStopped, Machine, Stop } from "./machine.mjs";

const SHOWN = 200;
const RETURNS = { observe: true, propose: false, call: true, read: false, fail: false, log: false };
const BITS = new DataView(new ArrayBuffer(8));

class Astray extends Error {}

/** The host behind the six imports: rules 3 to 9. */
class Host {
  constructor(terms) {
    this.answers = terms.answers;
    this.repeat = terms.repeat;
    this.price = BigInt(terms.price);
    this.answered = 0;
    this.count = 0;
    this.pending = undefined;
    this.ended = null;
    this.first = [];
    this.digest = createHash("sha256");
  }

  imports() {
    return Object.fromEntries(Object.keys(RETURNS).map((name) => [name, (...values) => this.enter(name, values)]));
  }

  enter(name, values) {
    const { fuel, depth } = this.machine;
    this.digest.update(`${name} ${values.join(",")} ${fuel} ${depth}\n`);
    if (this.count < SHOWN) this.first.push([name, values.map(String), String(fuel), depth]);
    this.count += 1;
    let answer = 0n;
    if (this.ended === null) {
      this.machine.fuel = fuel - this.price;
      answer = fuel < this.price ? this.end() : this.act(name, values);
    }
    return RETURNS[name] ? answer : undefined;
  }

  act(name, values) {
    if (name === "observe" || name === "call") {
      if (this.answers.length === 0 || (this.answered >= this.answers.length && !this.repeat)) return this.end();
      const [kind, data] = this.answers[this.answered % this.answers.length];
      this.answered += 1;
      this.pending = data;
      return (BigInt(kind) << 32n) | BigInt(data.length);
    }
    if (name === "read") {
      const data = this.pending;
      this.pending = undefined;
      const pointer = values[0] >>> 0;
      if (data === undefined || !this.machine.contains(pointer, data.length)) return this.end();
      this.machine.write(pointer, data);
    }
    return name === "propose" || name === "fail" ? this.end() : 0n;
  }

  end() {
    this.ended = this.count - 1;
    this.machine.fuel = -1n;
    return 0n;
  }
}

/** Rule 1: V8 would pass a NaN of any bits through. */
const canonical = (value) => (Number.isNaN(value) ? NaN : value);

function fromBits(type, bits) {
  switch (type) {
    case "i32":
      return Number(BigInt.asIntN(32, bits));
    case "i64":
      return BigInt.asIntN(64, bits);
    case "f32":
      BITS.setInt32(0, Number(BigInt.asIntN(32, bits)));
      return canonical(BITS.getFloat32(0));
    case "f64":
      BITS.setBigInt64(0, BigInt.asIntN(64, bits));
      return canonical(BITS.getFloat64(0));
    default:
      return null;
  }
}

function toBits(type, value) {
  switch (type) {
    case "i32":
    case "i64":
      return String(value);
    case "f32":
      if (Number.isNaN(value)) return "2143289344";
      BITS.setFloat32(0, value);
      return String(BITS.getInt32(0));
    case "f64":
      if (Number.isNaN(value)) return "9221120237041090560";
      BITS.setFloat64(0, value);
      return String(BITS.getBigInt64(0));
    default:
      return "-";
  }
}

function callExport(machine, types, name, given) {
  const [parameters, results] = types.get(name);
  const values = [];
  for (const argument of given) {
    if (typeof argument === "string") {
      values.push(BigInt(argument));
      continue;
    }
    const pointer = machine.call("alloc", argument.length) >>> 0;
    if (!machine.contains(pointer, argument.length)) throw new Astray(String(pointer));
    machine.write(pointer, argument);
    values.push(BigInt(pointer), BigInt(argument.length));
  }
  if (values.length !== parameters.length) throw new TypeError(`${name} takes ${parameters.length} values`);
  const answer = machine.call(name, ...values.map((value, index) => fromBits(parameters[index], value)));
  const found = results.length > 1 ? [...answer] : results.length === 1 ? [answer] : [];
  return {
    results: found.map((value, index) => toBits(results[index], value)),
    fuel: String(machine.fuel),
    depth: machine.depth,
  };
}

/** The row of a case, whose bytes are Uint8Arrays. `module` is {compiled, types}, or {refused: text}. */
export function answer(terms, module) {
  const host = new Host(terms);
  const calls = [];
  let instance = "ok";
  let note = module.refused ?? "";
  let machine;
  if (module.refused !== undefined) {
    instance = "refused";
  } else {
    try {
      const meter = { fuel: BigInt(terms.budget), depth: terms.depth, pages: terms.pages };
      machine = host.machine = new Machine(module.compiled, host.imports(), meter);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      [instance, note] = ["trap", error.message];
    }
  }
  let seen = machine !== undefined;
  try {
    for (const [name, given] of seen ? terms.calls : []) calls.push(callExport(machine, module.types, name, given));
  } catch (error) {
    if (error instanceof Astray) calls.push({ astray: Number(error.message) });
    else if (error instanceof GuestStopped) {
      calls.push({ trap: error.stop });
      note = error.message;
      seen = error.stop !== Stop.NATIVE_STACK;
    } else throw error;
  }
  const memory = seen ? machine.memory : undefined;
  return {
    name: terms.name,
    instance,
    calls,
    host: { count: host.count, digest: host.digest.digest("hex"), first: host.first },
    ended: host.ended,
    pages: memory === undefined ? null : memory.buffer.byteLength / 65536,
    memory: memory === undefined ? null : createHash("sha256").update(new Uint8Array(memory.buffer)).digest("hex"),
    globals: seen ? integers(machine, module.types) : {},
    note,
  };
}

function integers(machine, types) {
  const found = Object.create(null); // a guest may call its export __proto__
  for (const [name, item] of Object.entries(machine.exports)) {
    if (item instanceof WebAssembly.Global && !name.startsWith("meter.") && /^i(32|64)$/.test(types.get(name))) {
      found[name] = String(item.value);
    }
  }
  return found;
}
