// Capabilities: one operation, bytes in, bytes out.
import { CapabilityError } from "./errors.js";
import { call } from "./native";

const EMPTY = new Uint8Array(0);
let looking = false;

/** Runs fn as the part of an observe run that may look at the world. The run ends with a proposal, so never resets. */
export function look(fn) {
  looking = true;
  return fn();
}

/** Whether this run looks already: whatever else is done in it has no effect. */
export const isLooking = () => looking;

/** An operation that gives the same answer everywhere; allowed in every run. */
export function pure(operation, request = EMPTY) {
  const [status, bytes] = call(operation, request);
  if (status !== 0) throw new CapabilityError(operation, String.fromCharCode(...bytes));
  return bytes;
}

/** Draws are agreed: one made while looking would be this node's alone. */
export function requireAgreed(operation) {
  if (looking) throw new TypeError(`${operation} works only outside observe(...): draws come after all observations`);
}

/** An operation of this node's own: only inside observe. Outside it would end the run without a word to the user. */
export function live(operation, request) {
  if (!looking) throw new TypeError(`${operation} works only inside observe(...): nodes must agree on what it answers`);
  return pure(operation, request);
}
