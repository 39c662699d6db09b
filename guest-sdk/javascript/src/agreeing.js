// What makes agreement likely: parts of replies instead of whole ones, each in one form.
import { kindOf } from "./bytes.js";
import { canonical } from "./canonical.js";
import { Decimal } from "./decimal.js";

const STEP = /\.?([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/y;
const MAX_STEPS = 32;

/** A path leads nowhere; proposed as the error "missing-path". */
export class MissingPath extends Error {
  code = "missing-path";
}
MissingPath.prototype.name = "MissingPath";

/** The part of a JSON value at a path such as `data.rates[0]["a.b"]`; throws MissingPath where there is none. */
export function at(value, path) {
  let part = value;
  for (const step of stepsOf(path)) {
    if (typeof part !== "object" || part === null || !Object.hasOwn(part, step))
      throw new MissingPath(`${path}: there is no ${JSON.stringify(step)} in ${kindOf(part)}`);
    part = part[step];
  }
  return part;
}

/** The parts of a JSON value by name: project(reply.json(), { price: "data.price" }), as `fields` takes them. */
export function project(value, paths) {
  return Object.fromEntries(Object.keys(paths).map((name) => [name, at(value, paths[name])]));
}

/** One text for one JSON value, whatever the order of its keys; numbers as their decimal strings. */
export function stable(value) {
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Decimal) return `"${Decimal.from(value)}"`;
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (typeof value !== "object") return canonical(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${canonical(key)}:${stable(value[key])}`).join(",")}}`;
}

/** The headers named, in lower case; of all others servers write something else each time. */
export function only(headers, names) {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.has(name.toLowerCase())));
}

function stepsOf(path) {
  if (typeof path !== "string") throw new TypeError("a path is a string such as data.rates[0]");
  const steps = [];
  let place = path.startsWith("$") ? 1 : 0;
  while (place < path.length) {
    STEP.lastIndex = place;
    const [matched, name, index, quoted] = STEP.exec(path) ?? [];
    if (matched === undefined || steps.length === MAX_STEPS) throw new TypeError(`not a path of at most ${MAX_STEPS} steps: ${path}`);
    steps.push(name ?? index ?? JSON.parse(`"${quoted}"`));
    place = STEP.lastIndex;
  }
  return steps;
}
