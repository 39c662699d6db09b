// Two times: the request's own, which is agreed already, and what the nodes' clocks show, which must be agreed on.
import { utf8 } from "./bytes.js";
import { live } from "./calls.js";
import { context } from "./context.js";
import { observe } from "./observe.js";
import { median } from "./strategies.js";

export const time = Object.freeze({
  /** The request's block timestamp in seconds, which Date shows too: the same on every node, and the past. */
  now: () => context.block_timestamp,
  /** What this node's clock shows, in seconds with three decimals, as text for `median`. Only inside observe. */
  local: () => utf8.decode(live("time.now")),
  /** The middle one of the nodes' clocks, an observation of its own: a Decimal in seconds. */
  observed: (options) => observe(median, time.local, options),
});
