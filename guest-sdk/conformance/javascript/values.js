import { abi, Decimal, hex, utf8 } from "executor";

const SHOWN = ["uint256", "int256", "address", "bool", "bytes4", "bytes", "string", "int64[]", "(uint8,string)[]"];

const DECIMALS = {
  text: (a) => a,
  scaled: (a, places, rounding) => a.scaled(Number(places), { rounding }),
  rounded: (a, places, rounding) => a.rounded(Number(places), { rounding }),
  compare: (a, b) => a.compare(b),
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
};

const COMMANDS = {
  decimal: (rest) => {
    const [operation, a, ...more] = utf8.decode(rest).split(" ");
    return String(DECIMALS[operation](Decimal.from(a), ...more));
  },
  abi: (rest) => {
    const [signature, data] = split(rest);
    const types = parts(signature.slice(1, -1));
    return abi.encode(types, abi.decode(types, data));
  },
  show: (rest) => {
    const [unsigned, signed, address, flag, four, bytes, text, list, pairs] = abi.decode(SHOWN, rest);
    const shownPairs = pairs.map(([number, word]) => `${number}:${word}`);
    return [unsigned, signed, address, flag, hex.encode(four), hex.encode(bytes), text, list, shownPairs].join("\n");
  },
  make: () =>
    abi.encode(SHOWN, [
      2n ** 256n - 1n, -(2n ** 255n), "0xd8da6bf26964af9d7eed9e03e53415d37aa96045", true, "0x01020304",
      Uint8Array.from({ length: 33 }, (_, i) => i), "naïve 😀",
      [1, -2, 9223372036854775807n, -9223372036854775808n], [[7, "seven"], [0, ""]],
    ]),
};

/** "uint256,(bool,bytes)[]" at its outer commas. */
function parts(text) {
  let depth = 0;
  const found = [""];
  for (const letter of text) {
    depth += (letter === "(") - (letter === ")");
    if (letter === "," && depth === 0) found.push("");
    else found[found.length - 1] += letter;
  }
  return found;
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
