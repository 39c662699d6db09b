// Operations of the host: hashing and context everywhere, the world inside a look only.
import { textOf, utf8 } from "./bytes";
import { host_call, host_read } from "./host";
import { isLooking, lookFailed } from "./run";

/** What the host has for the guest: the answer's kind or status, and its bytes. */
export class Answer {
  constructor(readonly kind: i32, readonly bytes: Uint8Array) {}
}

export function answerOf(packed: i64): Answer {
  const bytes = new Uint8Array(<i32>packed);
  host_read(bytes.dataStart);
  return new Answer(<i32>(packed >> 32), bytes);
}

/** An operation; kind 1 is an error, its bytes a code. */
export function call(operation: string, request: Uint8Array): Answer {
  const name = utf8(operation);
  return answerOf(host_call(name.dataStart, name.length, request.dataStart, request.length));
}

/** A capability's response; its error is what the look observes. */
export function live(operation: string, request: Uint8Array): Uint8Array {
  if (!isLooking()) throw new Error(`${operation} works only inside observe: nodes must agree on what it answers`);
  const answer = call(operation, request);
  if (answer.kind != 0) lookFailed(textOf(answer.bytes), `${operation} failed`);
  return answer.bytes;
}

/** 32 bytes, as Ethereum hashes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return call("crypto.keccak256", bytes).bytes;
}

/** The value that the function's owner put under this name. Inside observe only. */
export function secret(name: string): Uint8Array {
  return live("secrets.get", utf8(name));
}

/** The text of an envelope, which must be part of the request's input. Inside observe only. */
export function privateInput(envelope: Uint8Array): Uint8Array {
  return live("input.private", envelope);
}
