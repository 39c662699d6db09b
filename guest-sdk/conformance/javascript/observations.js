import {
  commonPrefix, commonSuffix, fields, frequency, identical, intersection, max, median, min, mode, observe, single,
  trimmedMean, union, utf8,
} from "executor";

const lines = (text) => (text === "" ? [] : text.split("\n"));
const joined = (items) => items.join("\n");
const same = (text) => text;

/** Strategy, what its look gives of a text, what is shown of its value. */
const STRATEGIES = {
  median: [median, same, String],
  min: [min, same, String],
  max: [max, same, String],
  "trimmed-mean": [trimmedMean, same, String],
  identical: [identical, same, same],
  mode: [mode, same, same],
  single: [single, same, same],
  union: [union, lines, joined],
  intersection: [intersection, lines, joined],
  frequency: [frequency, lines, (counts) => joined(Object.entries(counts).map(([item, count]) => `${item}=${count}`))],
  "common-prefix": [commonPrefix, lines, joined],
  "common-suffix": [commonSuffix, lines, joined],
  fields: [
    fields({ price: median, venue: mode }),
    (text) => ({ price: text.split(" ")[0], venue: text.split(" ")[1] }),
    ({ price, venue }) => `${price} ${venue}`,
  ],
};

const COMMANDS = {
  observe: (rest) => {
    const [name, text] = split(rest);
    const [strategy, given, shown] = STRATEGIES[name];
    return shown(observe(strategy, () => given(utf8.decode(text))));
  },
  bytes: (rest) => observe(identical, () => rest, { as: "bytes" }),
  label: (rest) => {
    const [label, value, code] = utf8.decode(rest).split(" ");
    const agreed = observe(median, () => failing(code), { label, default: value });
    return `${observe.last.kind} ${agreed}`;
  },
  catch: (rest) => {
    try {
      return `agreed ${observe(median, () => utf8.decode(rest))}`;
    } catch (error) {
      return `caught ${error.code}`;
    }
  },
  sequence: () => {
    const first = observe(median, () => 1);
    const second = observe(median, () => first.add(1));
    const third = observe(identical, () => `${first},${second}`);
    return `${first} ${second} ${third}`;
  },
  nested: () => observe(median, () => observe(median, () => 1)).toString(),
  code: (rest) => observe(median, () => failing(utf8.decode(rest))).toString(),
  throws: () => observe(median, () => null.nothing).toString(),
  spins: () =>
    observe(median, () => {
      for (;;);
    }).toString(),
  number: () => observe(median, () => 0.1 + 0.2).toString(),
  numbers: () => {
    for (const number of [1e21, -1.5e-7, 5e-324, 2 ** 53, -0, 100]) observe(median, () => number);
    return "done";
  },
};

function failing(code) {
  throw Object.assign(new Error("the look fails"), { code });
}

function split(bytes) {
  const end = bytes.indexOf(10);
  if (end < 0) return [utf8.decode(bytes), new Uint8Array(0)];
  return [utf8.decode(bytes.subarray(0, end)), bytes.subarray(end + 1)];
}

export default function (input) {
  const [command, rest] = split(input.bytes);
  return COMMANDS[command](rest);
}
