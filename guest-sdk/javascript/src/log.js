// Log lines: kept beside the outcome for people, bounded, in no digest.
import { log as nativeLog } from "./native";

function line(parts) {
  return parts.map(show).join(" ").toWellFormed();
}

function show(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value, (_key, inner) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // cyclic
  }
}

export const log = Object.freeze({
  debug: (...parts) => nativeLog(0, line(parts)),
  info: (...parts) => nativeLog(1, line(parts)),
  warn: (...parts) => nativeLog(2, line(parts)),
  error: (...parts) => nativeLog(3, line(parts)),
});
