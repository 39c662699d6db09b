/** Which bytes are an observation spec: the same as executor/model/spec.py and codec.py accept, byte for byte. */

/** The bytes as UTF-8 text, or undefined where they are none; a byte-order mark is a character like others. */
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The canonical text (RFC 8785) of a parsed value, or undefined when it has none under our rules. */
function canonical(value, depth) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value === "string") return /\p{Surrogate}/u.test(value) ? undefined : JSON.stringify(value);
  if (depth === 0) return undefined;
  const parts = Array.isArray(value)
    ? value.map((item) => canonical(item, depth - 1))
    : Object.keys(value)
        .sort() // by UTF-16 code units, as RFC 8785 says
        .map((key) => [canonical(key, depth), canonical(value[key], depth - 1)])
        .map(([key, item]) => (key === undefined || item === undefined ? undefined : `${key}:${item}`));
  if (parts.includes(undefined)) return undefined;
  return Array.isArray(value) ? `[${parts.join()}]` : `{${parts.join()}}`;
}

/** Whether these bytes are a spec; `rules` are those of rules.json. */
export function isSpec(bytes, rules) {
  const text = textOf(bytes);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (canonical(value, rules.json_depth) !== text) return false;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const { aggregate, label = "", default: fallback = "", ...others } = value;
  if (Object.keys(others).length > 0 || typeof label !== "string" || typeof fallback !== "string") return false;
  return [...label].length <= rules.label_characters && isAggregate(aggregate, rules);
}

function isAggregate(aggregate, { strategies, of_fields: ofFields, fields }) {
  if (typeof aggregate === "string") return strategies.includes(aggregate);
  if (aggregate === null || typeof aggregate !== "object" || Array.isArray(aggregate)) return false;
  const { fields: members, ...others } = aggregate;
  if (Object.keys(others).length > 0) return false;
  if (members === null || typeof members !== "object" || Array.isArray(members)) return false;
  const chosen = Object.values(members);
  return chosen.length > 0 && chosen.length <= fields && chosen.every((strategy) => ofFields.includes(strategy));
}
