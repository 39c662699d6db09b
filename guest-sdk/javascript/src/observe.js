// The one way to the world: look for yourself, let the committee agree.
import { utf8 } from "./bytes.js";
import { isLooking, look } from "./calls.js";
import { canonical } from "./canonical.js";
import { ObservationError, codeOf } from "./errors.js";
import { log } from "./log.js";
import { observe as nextSlot, propose, settle } from "./native";
import { requireStrategy } from "./strategies.js";

const KINDS = ["value", "error", "default"];
const VALUE = 0;
const ERROR = 1;
const PENDING = 0;
const REJECTED = 2;
const MAX_LABEL = 64;
const OPTIONS = ["label", "default", "as"];

let last;

/**
 * The agreed value of what fn sees on each node. fn runs only on a node that is looking; in agreed runs the value
 * comes from the transcript. Throws ObservationError when the committee agreed on an error and no default is given.
 */
export function observe(strategy, fn, options = {}) {
  requireStrategy(strategy);
  if (typeof fn !== "function") throw new TypeError("observe's second argument must be a function");
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) throw new TypeError(`observe has no option "${unknown}" (${OPTIONS.join(", ")})`);
  const spec = specOf(strategy, options);
  if (isLooking()) throw new NestedObservation("observe inside an observation");
  const answer = nextSlot(spec);
  if (answer === null) lookAndPropose(strategy, fn);
  const [kind, bytes] = answer;
  last = Object.freeze({ kind: KINDS[kind] });
  if (kind === ERROR) throw new ObservationError(options.label, utf8.decode(bytes, { lossy: true }));
  return strategy.decode(bytes, options.as);
}

/** How the latest observation ended: { kind: "value" }, "error", or "default" (the spec's default stands in). */
Object.defineProperty(observe, "last", { get: () => last, enumerable: true });

function specOf(strategy, options) {
  const spec = { aggregate: strategy.aggregate };
  if (options.label !== undefined) spec.label = labelOf(options.label);
  if (options.default !== undefined) spec.default = utf8.decode(strategy.encode(options.default));
  return canonical(spec);
}

function labelOf(label) {
  if (typeof label === "string" && label.length <= MAX_LABEL) return label;
  throw new TypeError(`a label is a string of at most ${MAX_LABEL} characters`);
}

/** Ends the run. */
function lookAndPropose(strategy, fn) {
  let proposal;
  try {
    proposal = [VALUE, strategy.encode(settled(look(fn)))];
  } catch (thrown) {
    log.warn("the observation failed:", thrown);
    proposal = [ERROR, utf8.encode(codeOf(thrown))];
  }
  propose(...proposal);
}

/**
 * Also what an async function gets that wants to observe while another one's look is awaited: of it this run needs no
 * more. It observes when that slot is agreed.
 */
class NestedObservation extends Error {
  code = "nested-observe";
}

class NeverSettles extends Error {
  code = "never-settles";
}

function settled(value) {
  if (typeof value?.then !== "function") return value;
  const [state, result] = settle(Promise.resolve(value));
  if (state === PENDING) throw new NeverSettles("the promise never settles");
  if (state === REJECTED) throw result;
  return result;
}
