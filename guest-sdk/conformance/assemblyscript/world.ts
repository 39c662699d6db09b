import {
  abi, evm, EvmPlace, fromHex, AbiValue, http, HttpReply, HttpRequest, identical, hex, lookFailed, median, observeWith,
  privateInput, secret, Strategy, textOf, time, utf8, Value,
} from "executor";
import { linesOf, Tour } from "./tour";

function shown(reply: HttpReply): string {
  return `${reply.status} ${reply.text}`;
}

function price(url: string): Value {
  const reply = http.get(url);
  if (!reply.ok) lookFailed("http-status");
  return Value.text(reply.json.get("price").toString());
}

function header(rest: string): Value {
  const words = rest.split(" ");
  const value = http.get(words[0]).header(words[1]);
  return Value.text(value === null ? "none" : value);
}

function post(rest: string): Value {
  const end = rest.indexOf("\n");
  const request = new HttpRequest(rest.substring(0, end)).header("content-type", "application/json").header("x-tour", "1");
  request.method = "POST";
  request.body = utf8(rest.substring(end + 1));
  return Value.text(shown(http.fetch(request)));
}

function many(rest: string): Value {
  const lines: string[] = [];
  const replies = http.fetchMany(linesOf(rest).map<HttpRequest>((url) => new HttpRequest(url)));
  for (let i = 0; i < replies.length; i++) lines.push(replies[i].error.length ? `error ${replies[i].error}` : shown(replies[i]));
  return Value.text(lines.join("\n"));
}

function balanceData(holder: string): Uint8Array {
  return evm.calldata("balanceOf(address)", [new AbiValue(fromHex(holder))]);
}

function wei(returned: Uint8Array): string {
  return abi.decode("uint256", returned).unsigned().toString();
}

function balanceOf(rest: string): Value {
  const words = rest.split(" ");
  return Value.text(wei(evm.call(words[0], balanceData(words[1]))));
}

function balanceAt(rest: string): Value {
  const words = rest.split(" ");
  const place = EvmPlace.chain(I64.parseInt(words[0])).block(words[1]);
  return Value.text(wei(evm.call(words[2], balanceData(words[3]), place)));
}

function balancesOf(rest: string): Value {
  const words = rest.split(" ");
  const lines: string[] = [];
  const results = evm.callMany(words[0], words.slice(1).map<Uint8Array>((holder) => balanceData(holder)));
  for (let i = 0; i < results.length; i++) {
    const result = results[i].items;
    lines.push(result[0].isTrue ? wei(result[1].bytes) : "reverted");
  }
  return Value.text(lines.join("\n"));
}

function block(number: string): Value {
  const found = evm.block(new EvmPlace().block(number));
  return Value.text(`${found.number} ${found.hash} ${found.parentHash} ${found.timestamp} ${found.baseFee.toString()}`);
}

function logs(rest: string): Value {
  const words = rest.split(" ");
  const found = evm.logs(words[0], words[1], words[2]);
  const lines: string[] = [];
  for (let i = 0; i < found.length; i++) {
    const log = found[i];
    lines.push(`${log.blockNumber} ${log.index} ${log.topics.length} ${hex(log.data)}`);
  }
  return Value.text(lines.join("\n"));
}

function agreed(strategy: Strategy, rest: string, look: (rest: string) => Value): Uint8Array {
  return observeWith<string>(strategy, rest, look).bytes;
}

export function main(input: Uint8Array): Uint8Array {
  const tour = new Tour(input);
  const command = tour.command;
  if (command == "private") return observeWith<Uint8Array>(identical, tour.rest, (seen) => Value.bytes(privateInput(seen))).bytes;
  const rest = tour.text;
  if (command == "get") return agreed(identical, rest, (url) => Value.text(shown(http.get(url))));
  if (command == "price") return agreed(median, rest, price);
  if (command == "header") return agreed(identical, rest, header);
  if (command == "post") return agreed(identical, rest, post);
  if (command == "many") return agreed(identical, rest, many);
  if (command == "outside") return utf8(shown(http.get(rest)));
  if (command == "balance-of") return agreed(identical, rest, balanceOf);
  if (command == "balance-at") return agreed(identical, rest, balanceAt);
  if (command == "balances-of") return agreed(identical, rest, balancesOf);
  if (command == "balance") return agreed(identical, rest, (address) => Value.decimal(evm.balance(address)));
  if (command == "block") return agreed(identical, rest, block);
  if (command == "final-block")
    return agreed(median, rest, (chain) => Value.text(evm.block(EvmPlace.chain(I64.parseInt(chain)).block("finalized")).number));
  if (command == "logs") return agreed(identical, rest, logs);
  if (command == "secret") return agreed(identical, rest, (name) => Value.text(textOf(secret(name))));
  if (command == "clock") return agreed(median, rest, (_rest) => Value.text(time.local()));
  throw new Error("unknown command");
}
