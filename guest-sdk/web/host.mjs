/**
 * The command line of the web host, for node: answers one JSON line on stdout for each line on stdin.
 *
 *     node [--liftoff-only] host.mjs
 *
 * The first line out is {"engine", "version"}. A line with a "module" (instrumented) compiles it. A line with a "name" is
 * a case for the module compiled last (cases.mjs), a line with a "request" a request to execute on it (replay.mjs). Guests
 * run in a thread whose stack holds what the metering rules allow: the main thread's default of 984 kB does not.
 */

import { readFileSync, readSync, writeSync } from "node:fs";
import { Worker, isMainThread } from "node:worker_threads";

import { answer } from "./cases.mjs";
import { keccak256 } from "./keccak.mjs";
import { readOutline } from "./outline.mjs";
import { HostFault, TranscriptMismatch, execute, load } from "./replay.mjs";

const STACK_MB = 64;
const RULES = JSON.parse(readFileSync(new URL("rules.json", import.meta.url)));
const OPERATIONS = { "input.context": (_, request) => request.context, "crypto.keccak256": keccak256 };

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** A blocking call on a pipe that node may have made non-blocking. */
function patiently(transfer) {
  for (;;) {
    try {
      return transfer();
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(PAUSE, 0, 0, 1); // a millisecond
    }
  }
}

/** The lines of stdin, read without an event loop. */
function* lines() {
  const block = Buffer.alloc(1 << 20);
  let parts = [];
  for (let size; (size = patiently(() => readSync(0, block, 0, block.length, null))) > 0; ) {
    let start = 0;
    for (let end; (end = block.subarray(0, size).indexOf(10, start)) >= 0; start = end + 1) {
      parts.push(Buffer.from(block.subarray(start, end)));
      yield Buffer.concat(parts).toString();
      parts = [];
    }
    parts.push(Buffer.from(block.subarray(start, size)));
  }
}

function print(value) {
  const data = Buffer.from(JSON.stringify(value, shown) + "\n");
  for (let sent = 0; sent < data.length; ) sent += patiently(() => writeSync(1, data, sent));
}

/** Bytes are {"base64": …}, 64-bit numbers decimal strings. */
function shown(_, value) {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return typeof value === "bigint" ? String(value) : value;
}

function meant(_, value) {
  return typeof value?.base64 === "string" ? new Uint8Array(Buffer.from(value.base64, "base64")) : value;
}

function compile(bytes) {
  try {
    return { bytes, compiled: new WebAssembly.Module(bytes), types: readOutline(bytes).exports };
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return { refused: error.message };
    throw error;
  }
}

/** The outcome of a request, or what there is instead of one. */
function replay({ source, limits, request, transcript, record }, module) {
  const events = record ? [] : undefined;
  try {
    const program = load(module.bytes, source, limits, RULES, module.compiled);
    return { outcome: execute(program, request, transcript, OPERATIONS, events), events };
  } catch (error) {
    if (error instanceof TranscriptMismatch) return { mismatch: error.message, events };
    if (error instanceof HostFault) return { fault: error.message, events };
    throw error;
  }
}

function serve() {
  print({ engine: "v8", version: process.versions.v8 });
  let module;
  for (const line of lines()) {
    const value = JSON.parse(line, meant);
    if (value.module !== undefined) module = compile(value.module);
    if (value.name !== undefined) print(answer(value, module));
    if (value.request !== undefined) print(replay(value, module));
  }
}

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { resourceLimits: { stackSizeMb: STACK_MB } });
  worker.on("error", (error) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  serve();
}
