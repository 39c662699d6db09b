import {
  commonPrefix, commonSuffix, Decimal, fields, frequency, identical, intersection, lookFailed, maximum, median, minimum, mode,
  observe, observeWith, single, Strategy, textOf, trimmedMean, union, utf8, Value,
} from "executor";
import { linesOf, Tour } from "./tour";

const NAMES = [
  "median", "min", "max", "trimmed-mean", "identical", "mode", "single", "union", "intersection", "frequency",
  "common-prefix", "common-suffix", "fields",
];
const STRATEGIES = [
  median, minimum, maximum, trimmedMean, identical, mode, single, union, intersection, frequency, commonPrefix,
  commonSuffix, fields(["price", "venue"], [median, mode]),
];

function underName(name: string, text: string): string {
  const strategy = STRATEGIES[NAMES.indexOf(name)];
  if (name == "fields") {
    const values = observeWith<string>(strategy, text, (seen) => Value.items(seen.split(" "))).values;
    return values.join(" ");
  }
  if (NAMES.indexOf(name) < NAMES.indexOf("union")) return observeWith<string>(strategy, text, (seen) => Value.text(seen)).text;
  const agreed = observeWith<string>(strategy, text, (seen) => Value.items(linesOf(seen)));
  if (name != "frequency") return agreed.items.join("\n");
  const lines: string[] = [];
  for (let i = 0; i < agreed.names.length; i++) lines.push(`${agreed.names[i]}=${agreed.values[i]}`);
  return lines.join("\n");
}

function failing(code: string): Value {
  lookFailed(code);
  return new Value();
}

function label(words: string[]): string {
  const strategy: Strategy = median.labelled(words[0]).otherwise(words[1]);
  const agreed = observeWith<string>(strategy, words[2], failing);
  return `${agreed.isDefault ? "default" : "value"} ${agreed.text}`;
}

function caught(text: string): string {
  const agreed = observeWith<string>(median, text, (seen) => Value.text(seen));
  return agreed.isError ? `caught ${agreed.code}` : `agreed ${agreed.text}`;
}

function sequence(): string {
  const first = observe(median, () => Value.number(1)).decimal;
  const second = observeWith<Decimal>(median, first, (seen) => Value.decimal(seen.add(Decimal.integer(1)))).decimal;
  const both = `${first.toString()},${second.toString()}`;
  const third = observeWith<string>(identical, both, (seen) => Value.text(seen)).text;
  return `${first.toString()} ${second.toString()} ${third}`;
}

function numbers(): string {
  const many: f64[] = [1e21, -1.5e-7, 5e-324, 9007199254740992.0, -0.0, 100.0];
  for (let i = 0; i < many.length; i++) observeWith<f64>(median, many[i], (seen) => Value.number(seen)).decimal;
  return "done";
}

let tenth: f64 = 0.1;
let fifth: f64 = 0.2;
let always = true;

export function main(input: Uint8Array): Uint8Array {
  const tour = new Tour(input);
  const command = tour.command;
  if (command == "observe") {
    const end = tour.rest.indexOf(10);
    return utf8(underName(textOf(tour.rest.subarray(0, end)), textOf(tour.rest.subarray(end + 1))));
  }
  if (command == "bytes") return observeWith<Uint8Array>(identical, tour.rest, (seen) => Value.bytes(seen)).bytes;
  if (command == "label") return utf8(label(tour.words));
  if (command == "catch") return utf8(caught(tour.text));
  if (command == "sequence") return utf8(sequence());
  if (command == "nested") return observe(median, () => Value.decimal(observe(median, () => Value.number(1)).decimal)).bytes;
  if (command == "code") return observeWith<string>(median, tour.text, failing).bytes;
  if (command == "throws") return observe(median, () => Value.text(["1"][1])).bytes;
  if (command == "traps")
    return observe(median, () => {
      unreachable();
      return new Value();
    }).bytes;
  if (command == "spins")
    return observe(median, () => {
      while (always) always = true;
      return new Value();
    }).bytes;
  if (command == "number") return observe(median, () => Value.number(tenth + fifth)).bytes;
  if (command == "numbers") return utf8(numbers());
  throw new Error("unknown command");
}
