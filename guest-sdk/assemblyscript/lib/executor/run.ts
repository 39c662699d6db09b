// How a run begins, fails and logs.
import { textOf, utf8 } from "./bytes";
import { host_fail, host_log, host_propose } from "./host";

const MAX_ERROR_BYTES = 1024;
let looking = false;

/** Marks that this node looks: the run ends with a proposal, so the mark is never taken back. */
export function beginLook(): void {
  looking = true;
}

export function isLooking(): bool {
  return looking;
}

/** Room for what the host writes. */
export function alloc(length: i32): usize {
  return heap.alloc(length);
}

export function inputAt(at: usize, length: i32): Uint8Array {
  const bytes = new Uint8Array(length);
  memory.copy(bytes.dataStart, at, length);
  return bytes;
}

export function outputOf(bytes: Uint8Array): u64 {
  return (<u64>bytes.dataStart << 32) | <u64>bytes.length;
}

/** Ends the run with this message; inside a look, the look with the code "threw". */
export function fail(message: string): void {
  if (looking) endLook("threw", message);
  const bytes = utf8(message.length ? message : "failed");
  let length = min(bytes.length, MAX_ERROR_BYTES);
  while (length < bytes.length && (bytes[length] & 0xc0) == 0x80) length--; // never half a character
  host_fail(bytes.dataStart, length);
  unreachable();
}

/** Ends a look without a value. A code is 1 to 64 of [a-z0-9-]; anything else is observed as "threw". */
export function lookFailed(code: string, why: string = ""): void {
  if (!looking) fail(code);
  endLook(isCode(code) ? code : "threw", why);
}

function endLook(code: string, why: string): void {
  if (why.length) log.warn(`the observation failed: ${why}`);
  const bytes = utf8(code);
  host_propose(1, bytes.dataStart, bytes.length);
  unreachable();
}

function isCode(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (!((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit == 0x2d)) return false;
  }
  return text.length >= 1 && text.length <= 64;
}

/** What `throw` and failed assertions come to. */
export function executorAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  const words = message == null ? "aborted" : message;
  fail(`${words} (${file == null ? "?" : file}:${line}:${column})`);
}

function write(level: i32, text: string): void {
  const bytes = utf8(text);
  host_log(level, bytes.dataStart, bytes.length);
}

/** For people; in no digest. More than 1,000 lines or 64 KiB end the run. */
export namespace log {
  export function debug(text: string): void {
    write(0, text);
  }
  export function info(text: string): void {
    write(1, text);
  }
  export function warn(text: string): void {
    write(2, text);
  }
  export function error(text: string): void {
    write(3, text);
  }
}

/** The text of an input, command or reply. */
export function text(bytes: Uint8Array): string {
  return textOf(bytes);
}
