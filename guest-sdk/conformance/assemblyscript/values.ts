import { abi, AbiValue, Decimal, fromHex, hex, Rounding, textOf, utf8 } from "executor";
import { Tour } from "./tour";

const SHOWN = "(uint256,int256,address,bool,bytes4,bytes,string,int64[],(uint8,string)[])";
const ROUNDINGS = ["trunc", "floor", "ceil", "half-up", "half-even", "exact"];

function decimal(words: string[]): string {
  const a = Decimal.from(words[1]);
  const operation = words[0];
  if (operation == "text") return a.toString();
  if (operation == "scaled") return a.scaled(I32.parseInt(words[2]), <Rounding>ROUNDINGS.indexOf(words[3])).toString();
  if (operation == "rounded") return a.rounded(I32.parseInt(words[2]), <Rounding>ROUNDINGS.indexOf(words[3])).toString();
  const b = Decimal.from(words[2]);
  if (operation == "compare") return a.compare(b).toString();
  if (operation == "add") return a.add(b).toString();
  if (operation == "sub") return a.sub(b).toString();
  return a.mul(b).toString();
}

function again(rest: Uint8Array): Uint8Array {
  const end = rest.indexOf(10);
  const type = textOf(rest.subarray(0, end));
  return abi.encode(type, abi.decode(type, rest.subarray(end + 1)));
}

function show(data: Uint8Array): string {
  const shown = abi.decode(SHOWN, data).items;
  const list: string[] = [];
  for (let i = 0; i < shown[7].items.length; i++) list.push(shown[7].items[i].signed().toString());
  const pairs: string[] = [];
  for (let i = 0; i < shown[8].items.length; i++) {
    const pair = shown[8].items[i].items;
    pairs.push(`${pair[0].unsigned().toString()}:${pair[1].toText()}`);
  }
  const lines = [
    shown[0].unsigned().toString(), shown[1].signed().toString(), hex(shown[2].bytes), shown[3].isTrue ? "true" : "false",
    hex(shown[4].bytes), hex(shown[5].bytes), shown[6].toText(), list.join(","), pairs.join(","),
  ];
  return lines.join("\n");
}

function number(text: string): AbiValue {
  return AbiValue.decimal(Decimal.from(text));
}

function make(): Uint8Array {
  const bytes = new Uint8Array(33);
  for (let i = 0; i < 33; i++) bytes[i] = <u8>i;
  const values = [
    number("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
    number("-57896044618658097711785492504343953926634992332820282019728792003956564819968"),
    new AbiValue(fromHex("0xd8da6bf26964af9d7eed9e03e53415d37aa96045")), AbiValue.bool(true),
    new AbiValue(fromHex("0x01020304")), new AbiValue(bytes), AbiValue.text("naïve 😀"),
    AbiValue.list([AbiValue.integer(1), AbiValue.integer(-2), AbiValue.integer(i64.MAX_VALUE), AbiValue.integer(i64.MIN_VALUE)]),
    AbiValue.list([
      AbiValue.list([AbiValue.integer(7), AbiValue.text("seven")]), AbiValue.list([AbiValue.integer(0), AbiValue.text("")]),
    ]),
  ];
  return abi.encode(SHOWN, AbiValue.list(values));
}

export function main(input: Uint8Array): Uint8Array {
  const tour = new Tour(input);
  if (tour.command == "decimal") return utf8(decimal(tour.words));
  if (tour.command == "abi") return again(tour.rest);
  if (tour.command == "show") return utf8(show(tour.rest));
  if (tour.command == "make") return make();
  throw new Error("unknown command");
}
