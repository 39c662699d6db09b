/**
 * The command line of the web host, for node: answers one JSON line on stdout for each on stdin.
 *
 *     node [--liftoff-only] host.mjs
 *
 * The first line out is {"engine", "version"}. A line with a "module" compiles it; a line with a "name" is a case for
 * the module compiled last (cases.mjs). Guests run in a thread whose stack holds what the metering rules allow: the
 * main thread's default of 984 kB does not.
 */

import { readSync, writeSync } from "node:fs";
import { Worker, isMainThread } from "node:worker_threads";

import { answer } from "./cases.mjs";
import { exportedTypes } from "./types.mjs";

const STACK_MB = 64;

/** The lines of stdin, read without an event loop. */
function* lines() {
  const block = Buffer.alloc(1 << 20);
  let parts = [];
  for (let size; (size = readSync(0, block, 0, block.length, null)) > 0; ) {
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
  const data = Buffer.from(JSON.stringify(value) + "\n");
  for (let sent = 0; sent < data.length; ) sent += writeSync(1, data, sent);
}

function compile(base64) {
  const bytes = Buffer.from(base64, "base64");
  try {
    return { compiled: new WebAssembly.Module(bytes), types: exportedTypes(bytes) };
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return { refused: error.message };
    throw error;
  }
}

function serve() {
  print({ engine: "v8", version: process.versions.v8 });
  let module;
  for (const line of lines()) {
    const value = JSON.parse(line);
    if (value.module !== undefined) module = compile(value.module.base64);
    if (value.name !== undefined) print(answer(value, module));
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
