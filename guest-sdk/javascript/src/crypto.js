// Hashes, computed by the host: far cheaper than in the guest, and the same everywhere.
import { requireBytes } from "./bytes.js";
import { pure } from "./calls.js";

/** The 32 bytes of Ethereum's keccak-256. Text must be encoded first: utf8.encode(text) or hex.decode(text). */
export function keccak256(bytes) {
  return pure("crypto.keccak256", requireBytes(bytes, "keccak256's argument"));
}
