/**
 * What each import does in agreed mode; `run` is the run of replay.mjs, which has taken the price. An action that ends
 * the run answers nothing.
 */

import { isSpec, textOf } from "./spec.mjs";

/** The transcript is not what the guest consumes: no outcome. */
export class TranscriptMismatch extends Error {}

const OPERATION_BYTES = 64;

/** Which imports a mode allows; any other is against the ABI. */
export const ALLOWED = Object.freeze({
  setup: ["fail", "log"],
  agreed: ["observe", "call", "read", "fail", "log"],
});

export const ACTIONS = Object.freeze({
  /** The transcript's next entry, or the end as awaiting it. */
  observe(run, pointer, length) {
    const spec = run.bytes(pointer, length, run.rules.ceilings.spec_bytes);
    if (spec === undefined) return undefined;
    const { slot, transcript } = run;
    if (run.draws > 0 || slot >= run.program.limits.observations || !isSpec(spec, run.rules.spec)) return run.trap("ABI");
    if (slot === transcript.length) return run.finish({ awaiting: slot, spec });
    const entry = transcript[slot];
    if (!equal(entry.spec, spec)) {
      return run.fail(new TranscriptMismatch(`slot ${slot}: the guest asks for another observation`));
    }
    run.slot += 1;
    return respond(run, entry.kind, entry.value);
  },

  /** A pure operation; any other looks at the world, which is against the ABI here. */
  call(run, namePointer, nameLength, pointer, length) {
    const { ceilings, operations: prices } = run.rules;
    const name = run.text(namePointer, nameLength, OPERATION_BYTES);
    if (name === undefined) return undefined;
    const data = run.bytes(pointer, length, ceilings.call_request_bytes);
    if (data === undefined) return undefined;
    if (name === "random.draw") return draw(run, data);
    if (!Object.hasOwn(prices, name)) return run.trap("ABI");
    const [base, perByte] = prices[name];
    if (!run.pay(base + perByte * length)) return undefined;
    const answer = run.operations[name](data, run.request);
    if (answer.length > ceilings.call_response_bytes) {
      return respond(run, 1, new TextEncoder().encode("response-too-large"));
    }
    return respond(run, 0, answer);
  },

  /** Copies the pending bytes, once. */
  read(run, pointer) {
    const data = run.pending;
    if (data === undefined || !run.machine.contains(pointer, data.length)) return run.trap("ABI");
    run.pending = undefined;
    return run.machine.write(pointer, data);
  },

  /** The guest's own error. */
  fail(run, pointer, length) {
    const error = run.bytes(pointer, length, run.rules.ceilings.error_bytes);
    if (error === undefined) return undefined;
    if (error.length === 0) return run.trap("ABI");
    return run.finish({ failed: error, fuel_used: run.fuelUsed() });
  },

  /** A line for people: checked, counted, and dropped. */
  log(run, level, pointer, length) {
    const { log_bytes: bytes, log_lines: lines } = run.rules.ceilings;
    if (run.text(pointer, length, bytes) === undefined) return undefined;
    run.logBytes += length;
    run.logLines += 1;
    return run.logBytes > bytes || run.logLines > lines ? run.trap("ABI") : undefined;
  },
});

/** The transcript's next draw, or the end as awaiting it. */
function draw(run, data) {
  const { request, slot, transcript } = run;
  const specs = request.draws ?? [];
  if (data.length > 0 || run.draws >= specs.length) return run.trap("ABI");
  const spec = specs[run.draws];
  if (isPosted(request) && JSON.parse(textOf(spec)).draw.source === "drand") return run.trap("ABI");
  if (slot === transcript.length) return run.finish({ awaiting: slot, spec });
  const entry = transcript[slot];
  if (!equal(entry.spec, spec)) {
    return run.fail(new TranscriptMismatch(`slot ${slot}: the guest asks for another draw`));
  }
  run.slot += 1;
  run.draws += 1;
  return respond(run, 0, entry.drawn);
}

/** Whether an http trigger started the run: whoever posts names a block of the past, and knows its drand round. */
function isPosted({ context }) {
  return JSON.parse(textOf(context)).trigger === "http";
}

function respond(run, kind, data) {
  run.pending = data;
  return kind * 2 ** 32 + data.length;
}

function equal(left, right) {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
