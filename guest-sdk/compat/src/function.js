// Runs the JavaScript of requests made for Chainlink Functions, as it is: docs/migrating-from-chainlink-functions.md.
//
// Rule 1. In agreed runs nothing of a source runs: the request is read and the source compiled, on every node alike.
// Rule 2. A source runs whole, inside one observation. What it returned or threw is what the nodes agree on.
// Rule 3. Who may have sources run, which ones, and what they read, stands in TERMS, and so in the function's id.
// Rule 4. An error is its message alone, as at Chainlink, and never a byte that stands for a trap (docs/compat.md).
import { ObservationError, context, hex, http, identical, keccak256, log, median, observe, secrets as owned, utf8 } from "executor";

/*
 * aggregate      "identical": the bytes returned; "median": the number that encodeUint256 or encodeInt256 was given
 * subscriptions  who may have sources run; none: anyone, which is refused where there are secrets
 * secrets        what a source calls a secret, and its name in function.toml: { "apiKey": "API_KEY" }
 * sources        keccak256 of the sources that may run; none: any
 * requestBytes   of a whole request, returnBytes of what a source returns (at most limits.output_bytes)
 * requests       HTTP requests of one source; a node makes at most 10
 */
const TERMS = /* terms */ {
  "aggregate": "identical",
  "subscriptions": [],
  "secrets": {},
  "sources": [],
  "requestBytes": 30720,
  "returnBytes": 256,
  "requests": 5
} /* terms */;

const URL_LENGTH = 2048; // Chainlink's, as are the bytes of a body
const BODY_BYTES = 30 * 1024;
const ERROR_BYTES = 1024; // the profile's
const RETURNED = 0;
const THREW = 1;
const TRAPS = 4; // bytes 1 to 4, alone, are read as a trap's code

export default function (input) {
  try {
    const request = readRequest(input.bytes);
    checkTerms(request);
    const program = compile(request);
    return TERMS.aggregate === "median" ? agreedNumber(program) : agreedBytes(program);
  } catch (thrown) {
    return fail(thrown instanceof ObservationError ? agreedErrorText(thrown) : messageOf(thrown));
  }
}

// ---- the request: CBOR as FunctionsRequest.sol writes it, keys and values without a map's head, or a whole map -------

const FIELDS = {
  codeLocation: readNumber,
  language: readNumber,
  codeLanguage: readNumber, // so in requests that Chainlink's toolkit encoded
  source: readText,
  secretsLocation: readNumber,
  secrets: readBytes,
  args: (reader) => readArray(reader, readText),
  bytesArgs: (reader) => readArray(reader, (each) => hex.encode(readBytes(each))),
};
const UNSIGNED = 0, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6;
const INDEFINITE = -1;
const BREAK = 0xff;
const BIGNUM = 2;

function readRequest(bytes) {
  if (bytes.length > TERMS.requestBytes) throw new Error(`request >${TERMS.requestBytes} bytes`);
  const reader = { bytes, at: 0 };
  let left = Infinity;
  let closed = true;
  if (bytes[0] >> 5 === MAP) {
    left = readHead(reader, MAP);
    if (left === INDEFINITE) [left, closed] = [Infinity, false];
  }
  const found = { args: [], bytesArgs: [] };
  const seen = new Set();
  for (; left > 0 && reader.at < bytes.length; left--) {
    if (!closed && bytes[reader.at] === BREAK) {
      reader.at++;
      closed = true;
      break;
    }
    const key = readText(reader);
    if (!Object.hasOwn(FIELDS, key)) throw new Error(`request: unknown key ${JSON.stringify(key)}`);
    if (seen.has(key)) throw new Error(`request: ${key} stands twice`);
    seen.add(key);
    found[key] = FIELDS[key](reader);
  }
  if (!closed || (left > 0 && left !== Infinity)) throw new Error("request: it ends too early");
  if (reader.at < bytes.length) throw new Error("request: bytes after its end");
  return checked(found);
}

function checked(request) {
  if (request.codeLocation) throw new Error("request: codeLocation must be 0, inline: nobody here fetches code");
  if (request.language || request.codeLanguage) throw new Error("request: language must be 0, JavaScript");
  if (!request.source) throw new Error("request: it has no source");
  return request;
}

function readHead(reader, wanted) {
  const first = take(reader, 1)[0];
  const major = first >> 5;
  const info = first & 31;
  if (major !== wanted || (info > 27 && info !== 31)) throw new Error(`request: unexpected byte ${first} at ${reader.at - 1}`);
  if (info < 24) return info;
  if (info === 31 && (major === ARRAY || major === MAP)) return INDEFINITE;
  if (info === 31) throw new Error(`request: pieces at ${reader.at - 1}: text and bytes must be whole`);
  let value = 0;
  for (const byte of take(reader, 1 << (info - 24))) value = value * 256 + byte;
  return value; // beyond 2^53 it is inexact, and refused as too long or too large
}

function take(reader, length) {
  if (length > reader.bytes.length - reader.at) throw new Error("request: it ends too early");
  return reader.bytes.subarray(reader.at, (reader.at += length));
}

function readBytes(reader) {
  return take(reader, readHead(reader, BYTES));
}

function readText(reader) {
  try {
    return utf8.decode(take(reader, readHead(reader, TEXT)));
  } catch (error) {
    throw error instanceof TypeError ? new Error("request: a text is not UTF-8") : error;
  }
}

/** FunctionsRequest.sol writes numbers as bignums of 32 bytes. */
function readNumber(reader) {
  if (reader.bytes[reader.at] >> 5 !== TAG) return readHead(reader, UNSIGNED);
  if (readHead(reader, TAG) !== BIGNUM) throw new Error("request: a tag that is no bignum's");
  return readBytes(reader).reduce((value, byte) => value * 256 + byte, 0);
}

/** Every element has a byte at least, so there are no more than bytes. */
function readArray(reader, read) {
  const items = [];
  let left = readHead(reader, ARRAY);
  if (left !== INDEFINITE) for (; left > 0; left--) items.push(read(reader));
  else for (; reader.bytes[reader.at] !== BREAK; ) items.push(read(reader));
  if (left === INDEFINITE) reader.at++;
  return items;
}

// ---- the owner's terms -----------------------------------------------------------------------------------------------

function checkTerms(request) {
  const { secrets, sources, subscriptions } = TERMS;
  if (Object.keys(secrets).length && !subscriptions.length)
    throw new Error("this function names secrets and no subscription: anyone could have them told");
  if (subscriptions.length && !subscriptions.includes(context.subscription))
    throw new Error(`subscription ${context.subscription} is not one that this function works for`);
  const digest = sources.length ? hex.encode(keccak256(utf8.encode(request.source))) : undefined;
  if (sources.length && !sources.includes(digest)) throw new Error(`source ${digest} is not one that this function runs`);
}

// ---- the source ------------------------------------------------------------------------------------------------------

const evaluate = eval; // called by another name, it sees nothing of this file
const LINES_BEFORE = 1;
const NOT_RUN = "not run";

/** The program, not begun. The source is only read: one that ends the function around it and goes on would run else. */
function compile(request) {
  try {
    evaluate(textOf(request.source, `throw "${NOT_RUN}";`));
  } catch (error) {
    if (error !== NOT_RUN) throw new Error(`syntax error: ${error.message}${lineOf(error)}`);
  }
  return async () => {
    const names = { args: request.args, bytesArgs: request.bytesArgs, secrets: secretsOf(request), Functions, fetch };
    return evaluate(textOf(request.source))(names);
  };
}

function textOf(source, before = "") {
  return `"use strict"; ${before} (function ({ args, bytesArgs, secrets, Functions, fetch }) { return (async () => {\n${source}\n})(); })`;
}

function lineOf(error) {
  const line = Number(/:(\d+)/.exec(String(error.stack))?.[1]) - LINES_BEFORE;
  return line > 0 ? ` (line ${line})` : "";
}

function agreedBytes(program) {
  const value = observe(identical, () => told(program), { label: "source", as: "bytes" });
  if (value[0] === THREW) throw new Error(utf8.decode(value.subarray(1)));
  return value.subarray(1);
}

async function told(program) {
  try {
    return joined(RETURNED, bytesReturned(await program()));
  } catch (thrown) {
    logThrown(thrown);
    return joined(THREW, clipped(messageOf(thrown)));
  }
}

function agreedNumber(program) {
  return word(observe(median, () => numberTold(program), { label: "source" }).scaled(0));
}

async function numberTold(program) {
  try {
    const value = await program();
    bytesReturned(value);
    const number = NUMBERS.get(value);
    if (number === undefined) throw new Error("median: return what encodeUint256 or encodeInt256 gives");
    return number;
  } catch (thrown) {
    logThrown(thrown);
    throw Object.assign(new Error(messageOf(thrown)), { code: codeOf(messageOf(thrown)) });
  }
}

function bytesReturned(value) {
  if (!(value instanceof ArrayBuffer) && !(value instanceof Uint8Array))
    throw new Error("returned value not an ArrayBuffer or Uint8Array");
  if (value.byteLength > TERMS.returnBytes) throw new Error(`response >${TERMS.returnBytes} bytes`);
  return new Uint8Array(value);
}

function joined(kind, bytes) {
  const value = new Uint8Array(1 + bytes.length);
  value[0] = kind;
  value.set(bytes, 1);
  return value;
}

// ---- errors ----------------------------------------------------------------------------------------------------------

const ENDINGS = {
  "never-settles": "the source awaits a promise that never settles",
  "out-of-fuel": "script runtime exceeded: out of fuel",
  timeout: "script runtime exceeded",
};
const CODE_CHARACTERS = 64;

function messageOf(thrown) {
  try {
    if (typeof thrown === "string") return thrown;
    if (thrown instanceof Error) return String(thrown.message) || String(thrown.name);
  } catch {
    // its own getters threw
  }
  return `invalid value thrown of type ${typeof thrown}`;
}

/** For people, with the source's own lines. */
function logThrown(thrown) {
  const stack = thrown instanceof Error ? String(thrown.stack).split("\n") : [];
  const own = stack.filter((line) => line.includes("<input>:")).slice(0, -1); // the last is the call of the source
  log.error([messageOf(thrown), ...own].join("\n").replace(/<input>:(\d+)/g, (_place, line) => `source:${line - LINES_BEFORE}`));
}

/** An error under `median` is a code, which f + 1 nodes must share: the message's letters and digits. */
function codeOf(message) {
  const words = message.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-/, "");
  return `threw-${words || "error"}`.slice(0, CODE_CHARACTERS).replace(/-$/, "");
}

function agreedErrorText({ code, message }) {
  if (code.startsWith("threw-")) return code.slice("threw-".length).replaceAll("-", " ");
  const why = message.slice(message.lastIndexOf(`${code}: `) + code.length + 2);
  if (code === "no-agreement") return `no agreement: ${why}: what the source returned or threw differs from node to node`;
  return ENDINGS[code] ?? `the source could not be run: ${message.endsWith(code) ? code : why}`;
}

function clipped(text) {
  const bytes = utf8.encode(text.toWellFormed());
  if (bytes.length <= ERROR_BYTES) return bytes;
  let end = ERROR_BYTES;
  while ((bytes[end] & 0xc0) === 0x80) end--; // never half a character
  return bytes.subarray(0, end);
}

/**
 * Ends the run with these bytes. The engine would write "Error: message (function.js:1:2)", as its last step but one
 * with toWellFormed: a client of Chainlink Functions gets the message alone.
 */
function fail(message) {
  const bytes = clipped(message || "Error");
  const text = utf8.decode(bytes);
  const error = new Error(bytes.length === 1 && bytes[0] <= TRAPS ? `Error ${JSON.stringify(text)}` : text);
  const last = error.message;
  String.prototype.toWellFormed = () => last;
  throw error;
}

// ---- secrets ---------------------------------------------------------------------------------------------------------

function secretsOf(request) {
  const values = {};
  for (const [name, secret] of Object.entries(TERMS.secrets))
    Object.defineProperty(values, name, { enumerable: true, get: () => secretOf(name, secret) });
  if (!request.secretsLocation || Object.keys(TERMS.secrets).length) return values;
  return new Proxy(values, {
    get(target, name) {
      if (typeof name === "symbol" || name in target) return target[name];
      throw new Error(`secrets.${name}: what this request refers to is sealed to a Chainlink DON: build the function with --secret and run "executor secrets put"`);
    },
  });
}

function secretOf(name, secret) {
  try {
    return owned.get(secret);
  } catch (error) {
    throw new Error(`secrets.${name}: ${error.code ?? error.message}: see "executor secrets list" for ${secret}`);
  }
}

// ---- what a source finds beside the language -------------------------------------------------------------------------

const NUMBERS = new WeakMap(); // bytes that an encoder made, and their number
const MAX_UINT = (1n << 256n) - 1n;
const MAX_INT = (1n << 255n) - 1n;

const Functions = {
  makeHttpRequest,
  encodeUint256: (value) => encoded("encodeUint256", value, 0n, MAX_UINT),
  encodeInt256: (value) => encoded("encodeInt256", value, -MAX_INT - 1n, MAX_INT),
  encodeString: (text) => new TextEncoder().encode(text),
};

function encoded(name, value, low, high) {
  if (typeof value !== "bigint" && typeof value !== "number") throw new Error(`input into Functions.${name} is not a number or bigint`);
  if (typeof value === "number" && !Number.isInteger(value)) throw new Error(`input into Functions.${name} is not an integer`);
  const number = BigInt(value);
  if (number < low) throw new Error(`input into Functions.${name} is ${low ? "too small" : "negative"}`);
  if (number > high) throw new Error(`input into Functions.${name} is too large`);
  const bytes = word(number);
  NUMBERS.set(bytes, number);
  return bytes;
}

function word(number) {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let at = 24, rest = number; at >= 0; at -= 8, rest >>= 64n) view.setBigUint64(at, BigInt.asUintN(64, rest));
  return bytes;
}

// ---- HTTP: what is asked for before anything is awaited goes out together ---------------------------------------------

let waiting = [];
let sent = 0;

async function makeHttpRequest({ url, method = "get", params, headers, data, responseType = "json" }) {
  try {
    const target = params ? `${url}?${form(params)}` : url;
    const reply = await fetch(target, { method, headers, body: data ? JSON.stringify(data) : undefined });
    const { status, statusText } = reply;
    if (status < 400) return { error: false, status, statusText, headers: reply.headers, data: await reply.as(responseType) };
    const response = Object.assign(reply, { data: await reply.as(responseType).catch(() => reply.text()) });
    return { error: true, message: statusText, code: String(status), response };
  } catch (thrown) {
    return { error: true, message: String(thrown?.code ?? thrown), ...(thrown?.code && { code: thrown.code }) };
  }
}

/** As a browser's, without streams, signals and caches. */
async function fetch(resource, { method = "GET", headers = {}, body } = {}) {
  const url = String(resource?.url ?? resource).trim().replace(/[\x00-\x20\x7f\\]/g, encodeURIComponent);
  const verb = String(method).toUpperCase();
  if (body !== undefined && (verb === "GET" || verb === "HEAD")) throw new TypeError(`a ${verb} request has no body`);
  const bytes = typeof body === "string" ? utf8.encode(body.toWellFormed()) : new Uint8Array(body ?? 0);
  if (++sent > TERMS.requests) return refusal(429, `Exceeded maximum of ${TERMS.requests} HTTP queries`);
  if (url.length > URL_LENGTH) return refusal(414, `Destination URL exceeds maximum length of ${URL_LENGTH}`);
  if (bytes.length > BODY_BYTES) return refusal(413, `Request payload size exceeds ${BODY_BYTES} byte limit`);
  const request = { url, method: verb, headers: headersToSend(headers, typeof body === "string"), body: bytes };
  return new Promise((resolve, reject) => {
    if (!waiting.length) Promise.resolve().then(sendWaiting);
    waiting.push({ request, resolve, reject });
  });
}

function sendWaiting() {
  const batch = waiting;
  waiting = [];
  try {
    const answers = http.fetchMany(batch.map(({ request }) => request));
    answers.forEach((answer, i) =>
      answer.error ? batch[i].reject(answer.error) : batch[i].resolve(new Reply(answer.status, answer.headers, answer.bytes())));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

const OF_THE_CONNECTION = ["accept-encoding", "connection", "content-length", "host"]; // nodes write these themselves

function headersToSend(headers, isText) {
  const pairs = typeof headers[Symbol.iterator] === "function" ? [...headers] : Object.entries(headers);
  const plain = isText ? { "content-type": "text/plain;charset=UTF-8" } : {};
  for (const [name, value] of pairs) plain[String(name).toLowerCase()] = String(value);
  for (const name of OF_THE_CONNECTION) delete plain[name];
  return plain;
}

class Reply {
  #body;

  constructor(status, headers, body) {
    this.status = status;
    this.statusText = REASONS[status] ?? "";
    this.headers = Object.defineProperty({ ...headers }, "get", { value: (name) => headers[String(name).toLowerCase()] ?? null });
    this.ok = status >= 200 && status < 300;
    this.#body = body;
  }

  text = async () => utf8.decode(this.#body, { lossy: true });
  json = async () => JSON.parse(await this.text());
  arrayBuffer = async () => this.#body.slice().buffer;

  async as(responseType) {
    if (responseType === "json") return this.json();
    if (responseType === "arraybuffer") return this.arrayBuffer();
    if (responseType === "text" || responseType === "document") return this.text();
    throw new Error(`invalid response type ${responseType}: use json, text, document or arraybuffer`);
  }
}

function refusal(status, error) {
  return new Reply(status, {}, utf8.encode(JSON.stringify({ error })));
}

/** application/x-www-form-urlencoded, as URLSearchParams writes it. */
function form(params) {
  const pairs = typeof params[Symbol.iterator] === "function" ? [...params] : Object.entries(params);
  return pairs.map((pair) => pair.map(formPart).join("=")).join("&");
}

function formPart(value) {
  const text = encodeURIComponent(String(value).toWellFormed()).replaceAll("%20", "+");
  return text.replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

const REASONS = {
  200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content", 206: "Partial Content",
  400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
  406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
  413: "Payload Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 418: "I'm a teapot", 422: "Unprocessable Entity",
  425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests", 451: "Unavailable For Legal Reasons",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};
