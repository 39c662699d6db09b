// What can go wrong, and how an uncaught error is told.
import { log as nativeLog, utf8Decode, utf8Encode } from "./native";

const CODE = /^[a-z0-9-]{1,64}$/;
const MESSAGE_BYTES = 1024; // error bytes go into the report; the rest of the story goes to the log
const LEVEL_ERROR = 3;

/** A capability answered with an error; .code is its stable code, such as "timeout". */
export class CapabilityError extends Error {
  constructor(operation, code) {
    super(`${operation} failed: ${code}`);
    this.code = code;
  }
}
CapabilityError.prototype.name = "CapabilityError";

/**
 * The committee agreed on an error for an observation; .code is its stable code, such as "no-agreement". Where the
 * committee found no value itself, .message says why: the strategy and how many values it had.
 */
export class ObservationError extends Error {
  constructor(label, error) {
    super(label === undefined ? `agreed error: ${error}` : `agreed error for ${label}: ${error}`);
    this.code = error.split(": ", 1)[0];
  }
}
ObservationError.prototype.name = "ObservationError";

/** The stable code of something thrown: its own .code if it is one, else "threw". */
export function codeOf(thrown) {
  const code = thrown?.code;
  return typeof code === "string" && CODE.test(code) ? code : "threw";
}

/** "TypeError: message (function.js:3:9)", never empty, at most 1024 bytes; the stack goes to the log. */
export function describe(thrown) {
  let text;
  try {
    text = thrown instanceof Error ? headline(thrown) : `uncaught: ${String(thrown)}`;
    logStack(thrown, text);
  } catch {
    text ??= "Error: something was thrown that cannot be described";
  }
  return capped(text.toWellFormed());
}

function headline(error) {
  const place = /function\.js:\d+(:\d+)?/.exec(String(error.stack))?.[0];
  return `${error.name}: ${error.message}${place ? ` (${place})` : ""}`;
}

function logStack(thrown, text) {
  const stack = thrown instanceof Error ? String(thrown.stack) : "";
  nativeLog(LEVEL_ERROR, `${text}\n${stack}`.toWellFormed(), true);
}

function capped(text) {
  const bytes = utf8Encode(text);
  if (bytes.length <= MESSAGE_BYTES) return text;
  let end = MESSAGE_BYTES;
  while ((bytes[end] & 0xc0) === 0x80) end--; // never half a character
  return utf8Decode(bytes.subarray(0, end), false);
}
