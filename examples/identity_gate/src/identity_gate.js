// Whether the person behind an account is of age, by the word of an identity provider: the function of IdentityGate.
// Each node opens the sealed part of the input, asks the provider with the owner's API key, and lets out a verdict and a
// nullifier, nothing else. Input and output: docs/consumers.md. Whatever fails, fails with words that say nothing.
import { abi, context, hex, http, identical, keccak256, observe, privateInput, secrets, utf8 } from "executor";

const PROVIDER = "http://identity.test/v1/person";
const LIFETIME = 90n * 86_400n; // seconds
const POLICY = "of-age"; // its keccak256 is the policy's id
const NO = "no";

class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code; // what the committee agrees on in place of a verdict
  }
}

export default function (input) {
  const [account, policy, envelope] = abi.decode(["address", "bytes32", "bytes"], input.bytes);
  const id = hex.encode(policy);
  if (id !== hex.encode(keccak256(utf8.encode(POLICY)))) throw new Error("another policy");
  let verdict;
  try {
    verdict = observe(identical, () => look(account.toLowerCase(), id, envelope), { label: "verdict" });
  } catch {
    throw new Error("no verdict");
  }
  const yes = verdict !== NO;
  const until = BigInt(context.block_timestamp) + LIFETIME;
  const nullifier = yes ? hex.decode(verdict) : new Uint8Array(32);
  return abi.encode(["address", "bytes32", "bool", "uint64", "bytes32"], [account, policy, yes, yes ? until : 0n, nullifier]);
}

/** The nullifier of a person who is of age, in hex; else "no". */
function look(account, policy, envelope) {
  const about = textOf(envelope);
  if (about.account !== account || about.policy !== policy || about.gate !== context.consumer) throw new Refused("other-request");
  const found = person(plain(about.document, "bad-document"));
  if (found.of_age !== true) return NO;
  if (typeof found.number !== "string" || !found.number) throw new Refused("bad-answer");
  const key = secrets.bytes("NULLIFIER_KEY");
  if (key.length < 32) throw new Refused("bad-secret");
  return hex.encode(keccak256(Uint8Array.of(...key, ...hex.decode(policy), ...utf8.encode(found.number))));
}

function textOf(envelope) {
  const sealed = privateInput(envelope);
  try {
    return sealed.json() ?? {};
  } catch {
    throw new Refused("other-request");
  }
}

/** What the provider knows about the person with this document. */
function person(document) {
  const key = plain(secrets.get("PROVIDER_KEY"), "bad-secret");
  const answer = http.get(PROVIDER, { headers: { authorization: `Bearer ${key}`, "x-document": document } });
  if (answer.status !== 200) throw new Refused("http-status");
  return answer.json() ?? {};
}

/** Text that can stand in a header as it is. */
function plain(text, otherwise) {
  if (typeof text !== "string" || !/^[!-~ ]+$/.test(text) || /["\\]/.test(text)) throw new Refused(otherwise);
  return text;
}
