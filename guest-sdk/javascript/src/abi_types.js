// Solidity type names, parsed: { kind, ... , dynamic, size } where size is what the type takes in a head, in bytes.

const ELEMENTARY = /^(?:(uint|int)(\d*)|(address|bool|string)|bytes(\d*))$/;
const MAX_DEPTH = 32;

export function parseTypes(types) {
  if (!Array.isArray(types)) throw new TypeError('types must be an array such as ["uint256", "bytes"]');
  return tupleOf(types.map((type) => parseType(type)));
}

export function parseType(type, depth = 0) {
  if (typeof type !== "string") throw new TypeError("a type must be a string such as \"uint256\"");
  if (depth > MAX_DEPTH) throw new TypeError("the type is nested too deeply");
  const text = type.replaceAll(" ", "");
  const array = /^(.+)\[(\d*)\]$/.exec(text);
  if (array) return arrayOf(parseType(array[1], depth + 1), array[2], text);
  if (text.startsWith("(") && text.endsWith(")")) {
    const parts = splitTopLevel(text.slice(1, -1));
    if (!parts.length) throw new TypeError("an empty tuple has no encoding");
    return tupleOf(parts.map((part) => parseType(part, depth + 1)));
  }
  return elementary(text);
}

function elementary(text) {
  const match = ELEMENTARY.exec(text);
  if (!match) throw new TypeError(`unknown type "${text}"`);
  const [, integer, bits = "", word, width] = match;
  if (integer) {
    const size = bits === "" ? 256 : Number(bits);
    if (size < 8 || size > 256 || size % 8 || bits.startsWith("0")) throw new TypeError(`unknown type "${text}"`);
    return { kind: integer, bits: size, dynamic: false, size: 32 };
  }
  if (word) return { kind: word, dynamic: word === "string", size: 32 };
  if (width === "") return { kind: "bytes", dynamic: true, size: 32 };
  if (Number(width) < 1 || Number(width) > 32 || width.startsWith("0")) throw new TypeError(`unknown type "${text}"`);
  return { kind: "fixed", width: Number(width), dynamic: false, size: 32 };
}

function arrayOf(element, length, text) {
  if (length === "") return { kind: "array", element, dynamic: true, size: 32 };
  const count = Number(length);
  if (count < 1 || count > 0xffff) throw new TypeError(`unknown type "${text}": a fixed array has 1 to 65535 elements`);
  return { kind: "array", element, count, dynamic: element.dynamic, size: element.dynamic ? 32 : count * element.size };
}

function tupleOf(parts) {
  const dynamic = parts.some((part) => part.dynamic);
  return { kind: "tuple", parts, dynamic, size: dynamic ? 32 : parts.reduce((sum, part) => sum + part.size, 0) };
}

/** The canonical name, as selectors hash it: uint is uint256. */
export function nameOf(type) {
  switch (type.kind) {
    case "uint":
    case "int":
      return `${type.kind}${type.bits}`;
    case "fixed":
      return `bytes${type.width}`;
    case "array":
      return `${nameOf(type.element)}[${type.count ?? ""}]`;
    case "tuple":
      return `(${type.parts.map(nameOf).join(",")})`;
    default:
      return type.kind;
  }
}

/** "uint256,(bool,bytes)[]" at its outer commas. */
export function splitTopLevel(text) {
  if (text === "") return [];
  const parts = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}
