import { AbiValue, Decimal, Json, textOf } from "executor";

export function main(input: Uint8Array): Uint8Array {
  const prices = Json.parse(textOf(input)).get("rates").items.map<Decimal>((rate) => Decimal.from(rate.get("price").toString()));
  if (!prices.length) throw new Error("there are no prices");
  prices.sort((a, b) => a.compare(b));
  return AbiValue.decimal(prices[(prices.length - 1) / 2].scaled(8)).bytes;
}
