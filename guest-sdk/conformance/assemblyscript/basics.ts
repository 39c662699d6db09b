import { context, draw, fail, fromHex, join, Json, keccak256, log, median, observe, Stream, time, utf8, Value } from "executor";
import { Tour } from "./tour";

const KEYS = [
  "chain_id", "router", "nonce", "block_number", "block_timestamp", "parent_hash", "sender", "subscription", "epoch",
  "callback_gas_limit", "consumer", "trigger",
];
let never: u32 = u32.MAX_VALUE;

function deeper(depth: u32): u32 {
  return depth == never ? depth : deeper(depth + 1) * 3 + depth;
}

function takeMemory(): void {
  const kept: Uint8Array[] = [];
  while (true) kept.push(new Uint8Array(1 << 20).fill(1));
}

function contextLines(): string {
  const lines: string[] = [];
  for (let i = 0; i < KEYS.length; i++) lines.push(`${KEYS[i]}=${context(KEYS[i])}`);
  return lines.join("\n");
}

function logMany(words: string[]): string {
  const line = "x".repeat(I32.parseInt(words[1]));
  for (let i = I32.parseInt(words[0]); i > 0; i--) log.info(line);
  return "done";
}

function draws(count: i32): Uint8Array {
  const drawn: Uint8Array[] = [];
  while (count-- > 0) drawn.push(draw());
  return join(drawn);
}

function below(words: string[]): string {
  const stream = new Stream(fromHex(words[0]));
  const numbers: string[] = [];
  for (let i = I32.parseInt(words[1]); i > 0; i--)
    for (let j = 2; j < words.length; j++) numbers.push(stream.below(U32.parseInt(words[j])).toString());
  return numbers.join(" ");
}

function below64(words: string[]): string {
  const stream = new Stream(fromHex(words[0]));
  const numbers: string[] = [];
  for (let j = 1; j < words.length; j++) numbers.push(stream.below64(U64.parseInt(words[j])).toString());
  return numbers.join(" ");
}

function shuffled(words: string[]): string {
  const list = words.slice(1);
  new Stream(fromHex(words[0])).shuffle(list);
  return list.join(" ");
}

export function main(input: Uint8Array): Uint8Array {
  const tour = new Tour(input);
  const command = tour.command;
  if (command == "echo") return tour.rest;
  if (command == "nothing") return new Uint8Array(0);
  if (command == "fail") fail(tour.text);
  if (command == "trap") unreachable();
  if (command == "spin") while (true) never = never;
  if (command == "recurse") return utf8(deeper(0).toString());
  if (command == "memory") takeMemory();
  if (command == "context") return utf8(contextLines());
  if (command == "identity") return utf8(`${context("request_id")} ${context("function_id")}`);
  if (command == "log") {
    log.debug(tour.text);
    log.info(tour.text);
    log.warn(tour.text);
    log.error(tour.text);
    return new Uint8Array(0);
  }
  if (command == "log-many") return utf8(logMany(tour.words));
  if (command == "keccak") return keccak256(tour.rest);
  if (command == "json") return utf8(Json.parse(tour.text).get("data").get("rates").at(1).get("price").toString());
  if (command == "draw") return draws(I32.parseInt(tour.text));
  if (command == "draw-observe") {
    draw();
    return observe(median, () => Value.text("1")).bytes;
  }
  if (command == "below") return utf8(below(tour.words));
  const words = tour.words;
  if (command == "below-64") return utf8(below64(words));
  if (command == "shuffle") return utf8(shuffled(words));
  if (command == "bytes") return new Stream(fromHex(words[0])).bytes(I32.parseInt(words[1]));
  if (command == "sample") return utf8(new Stream(fromHex(words[0])).sample(U32.parseInt(words[1]), U32.parseInt(words[2])).join(" "));
  if (command == "time") return utf8(time.now().toString());
  throw new Error("unknown command");
}
