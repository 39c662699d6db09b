// Canonical JSON (RFC 8785 over strings, safe integers, booleans, arrays and objects): docs/wire.md §4.

export function canonical(value) {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError("canonical JSON cannot hold a lone surrogate");
    return JSON.stringify(value);
  }
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return Object.is(value, -0) ? "0" : String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value).sort(); // by UTF-16 code units, as RFC 8785 wants
    return `{${keys.map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  throw new TypeError("canonical JSON holds strings, integers, booleans, arrays and objects only");
}
