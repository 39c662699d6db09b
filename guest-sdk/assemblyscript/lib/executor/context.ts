// What the request commits to besides its input, and the two times: the agreed one, and this node's clock.
import { textOf } from "./bytes";
import { call, live } from "./calls";
import { Json } from "./json";

let known: Json | null = null;

/** A member of the context, numbers as written: "chain_id", "sender", … (docs/abi.md, input.context). */
export function context(key: string): string {
  if (known === null) known = Json.parse(textOf(call("input.context", new Uint8Array(0)).bytes));
  return known!.get(key).toString();
}

export namespace time {
  /** The request's block timestamp in seconds: the same on every node, and the past. */
  export function now(): i64 {
    return I64.parseInt(context("block_timestamp"));
  }

  /** What this node's clock shows, a decimal for an observation under median. Inside observe only. */
  export function local(): string {
    return textOf(live("time.now", new Uint8Array(0)));
  }
}
