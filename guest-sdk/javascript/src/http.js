// HTTP from inside observe; the wire format is docs/wire.md §5.
import { bytesOf, concat, kindOf, utf8 } from "./bytes.js";
import { live } from "./calls.js";
import { CapabilityError } from "./errors.js";

const EMPTY = new Uint8Array(0);
const OPTIONS = ["method", "headers", "body", "url"];

/** A server's answer. Whatever its status, it is an answer: look at .ok or .status. */
export class Response {
  #body;

  constructor(status, headers, body) {
    this.status = status;
    this.headers = Object.freeze(headers);
    this.error = null;
    this.#body = body;
    Object.freeze(this);
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  bytes() {
    return this.#body;
  }

  text() {
    return utf8.decode(this.#body, { lossy: true });
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** The place of a request that got no answer in fetchMany's list: not ok, status 0; reading it throws .error. */
export class NoResponse {
  status = 0;
  ok = false;
  headers = Object.freeze({});

  constructor(error) {
    this.error = error;
    Object.freeze(this);
  }

  bytes() {
    throw this.error;
  }

  text() {
    throw this.error;
  }

  json() {
    throw this.error;
  }
}

function u32(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function encodeRequest(url, options = {}) {
  if (typeof url !== "string") throw new TypeError(`a url must be a string, not ${kindOf(url)}`);
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) throw new TypeError(`http has no option "${unknown}" (method, headers, body)`);
  const { method = "GET", headers = {}, body } = options;
  const head = utf8.encode(JSON.stringify({ method, url, headers }));
  return concat(u32(head.length), head, bodyBytes(body));
}

function bodyBytes(body) {
  if (body === undefined) return EMPTY;
  if (typeof body === "string") return utf8.encode(body);
  const bytes = bytesOf(body);
  if (!bytes) throw new TypeError(`a body must be a string or bytes, not ${kindOf(body)}: use JSON.stringify`);
  return bytes;
}

function decodeResponse(message) {
  const length = new DataView(message.buffer, message.byteOffset, message.length).getUint32(0, true);
  if (length > message.length - 4) throw new RangeError("an http message is shorter than its head");
  const { status, headers } = JSON.parse(utf8.decode(message.subarray(4, 4 + length)));
  return new Response(status, headers, message.subarray(4 + length));
}

function fetch(url, options) {
  return decodeResponse(live("http.fetch", encodeRequest(url, options)));
}

function get(url, options) {
  return fetch(url, { ...options, method: "GET" });
}

/** All at once; the list has the order of the requests, each a url or { url, method, headers, body }. */
function fetchMany(requests) {
  const messages = Array.from(requests, (request) =>
    typeof request === "string" ? encodeRequest(request) : encodeRequest(request?.url, request));
  const framed = messages.flatMap((message) => [u32(message.length), message]);
  return decodeMany(live("http.fetch_many", concat(u32(messages.length), ...framed)));
}

function decodeMany(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const responses = [];
  let at = 4;
  for (let left = view.getUint32(0, true); left > 0; left--) {
    const failed = view.getUint8(at) !== 0;
    const end = at + 5 + view.getUint32(at + 1, true);
    const part = bytes.subarray(at + 5, end);
    responses.push(failed ? new NoResponse(new CapabilityError("http.fetch_many", utf8.decode(part))) : decodeResponse(part));
    at = end;
  }
  return responses;
}

export const http = Object.freeze({ get, fetch, fetchMany });
