// What the request commits to besides its input. Read on first use, so functions that ignore it pay nothing.
import { utf8 } from "./bytes.js";
import { pure } from "./calls.js";

const KEYS = [
  "request_id", "chain_id", "router", "nonce", "block_number", "block_timestamp", "parent_hash", "sender",
  "subscription", "function_id", "epoch", "callback_gas_limit", "consumer", "trigger",
];

let read;
const values = () => (read ??= JSON.parse(utf8.decode(pure("input.context"))));

export const context = Object.freeze(
  Object.defineProperties({}, Object.fromEntries(KEYS.map((key) => [key, { enumerable: true, get: () => values()[key] }]))),
);
