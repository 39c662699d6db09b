// The one way to the world: look for yourself, let the committee agree.
import { answerOf } from "./calls";
import { textOf, utf8 } from "./bytes";
import { Decimal, isDecimal } from "./decimal";
import { host_observe, host_propose } from "./host";
import { Json, quoted } from "./json";
import { beginLook, fail, lookFailed } from "./run";

const NUMBER = 0;
const EXACT = 1;
const SET = 2;
const LIST = 3;
const FIELDS = 4;
const MAX_LABEL = 64;

/** How q observations become one value, and what else its spec says. */
export class Strategy {
  label: string | null = null;
  fallback: string | null = null;
  names: string[] = [];
  parts: Strategy[] = [];

  constructor(readonly aggregate: string, readonly shape: i32) {}

  /** Names the observation in receipts and logs; at most 64 characters. */
  labelled(label: string): Strategy {
    if (label.length > MAX_LABEL) throw new Error("a label has at most 64 characters");
    const copy = this.copy();
    copy.label = label;
    return copy;
  }

  /** Stands in for every agreed error. */
  otherwise(value: string): Strategy {
    const copy = this.copy();
    copy.fallback = value;
    return copy;
  }

  private copy(): Strategy {
    const copy = new Strategy(this.aggregate, this.shape);
    copy.label = this.label;
    copy.fallback = this.fallback;
    copy.names = this.names;
    copy.parts = this.parts;
    return copy;
  }

  /** Canonical JSON. */
  get spec(): string {
    let spec = '{"aggregate":' + this.aggregate;
    const fallback = this.fallback;
    const label = this.label;
    if (fallback !== null) spec += ',"default":' + quoted(fallback);
    if (label !== null) spec += ',"label":' + quoted(label);
    return spec + "}";
  }

  /** The bytes that are observed; a value that does not fit ends the look with "bad-value". */
  written(value: Value): Uint8Array {
    if (this.shape == EXACT && value.raw !== null) return value.raw!;
    return utf8(this.textOf(value));
  }

  textOf(value: Value): string {
    const items = value.items;
    if (this.shape == NUMBER || this.shape == EXACT) {
      if (value.text === null || (this.shape == NUMBER && !isDecimal(value.text!))) bad(this.aggregate);
      return value.text!;
    }
    if (items === null) bad(this.aggregate);
    if (this.shape != FIELDS) return listText(this.shape == SET ? arranged(items!) : items!);
    if (items!.length != this.parts.length) bad(this.aggregate);
    let made = "";
    for (let i = 0; i < this.parts.length; i++) {
      const one = this.parts[i].textOf(Value.text(items![i]));
      made += (i ? "," : "") + quoted(this.names[i]) + ":" + quoted(one);
    }
    return "{" + made + "}";
  }
}

function bad(aggregate: string): void {
  lookFailed("bad-value", `not a value for ${aggregate}`);
}

export const median = new Strategy('"median"', NUMBER);
export const minimum = new Strategy('"min"', NUMBER);
export const maximum = new Strategy('"max"', NUMBER);
export const trimmedMean = new Strategy('"trimmed-mean"', NUMBER);
export const identical = new Strategy('"identical"', EXACT);
export const mode = new Strategy('"mode"', EXACT);
/** One node looks for all, and may tell anything. */
export const single = new Strategy('"single"', EXACT);
export const union = new Strategy('"union"', SET);
export const intersection = new Strategy('"intersection"', SET);
export const frequency = new Strategy('"frequency"', SET);
export const commonPrefix = new Strategy('"common-prefix"', LIST);
export const commonSuffix = new Strategy('"common-suffix"', LIST);

/** Several at once, of the numbers and exact ones: names in the order of their UTF-16 code units. */
export function fields(names: string[], parts: Strategy[]): Strategy {
  let aggregate = "";
  for (let i = 0; i < names.length; i++) {
    if (i && names[i - 1] >= names[i]) throw new Error("the names of fields stand in order, each once");
    if (parts[i].shape != NUMBER && parts[i].shape != EXACT) throw new Error("a field is a number or a text");
    aggregate += (i ? "," : "") + quoted(names[i]) + ":" + parts[i].aggregate;
  }
  const strategy = new Strategy('{"fields":{' + aggregate + "}}", FIELDS);
  strategy.names = names;
  strategy.parts = parts;
  return strategy;
}

/** What a look gives. */
export class Value {
  text: string | null = null;
  raw: Uint8Array | null = null;
  items: string[] | null = null;

  static text(text: string): Value {
    const value = new Value();
    value.text = text;
    return value;
  }

  static bytes(bytes: Uint8Array): Value {
    const value = new Value();
    value.raw = bytes;
    return value;
  }

  /** In the fewest digits that read back the same. */
  static number(number: f64): Value {
    return Value.decimal(Decimal.of(number));
  }

  static decimal(decimal: Decimal): Value {
    return Value.text(decimal.toString());
  }

  /** A set or list, or the texts of `fields` in the order of their names. */
  static items(items: string[]): Value {
    const value = new Value();
    value.items = items;
    return value;
  }
}

/** What was agreed. To read an agreed error's value fails the run with its words; ask isError first to do otherwise. */
export class Agreed {
  constructor(private kind: i32, private raw: Uint8Array) {}

  get isError(): bool {
    return this.kind == 1;
  }

  get isDefault(): bool {
    return this.kind == 2;
  }

  /** Of an agreed error, without the reason behind it. */
  get code(): string {
    return textOf(this.raw).split(":")[0];
  }

  get bytes(): Uint8Array {
    if (this.isError) fail("agreed error: " + textOf(this.raw));
    return this.raw;
  }

  get text(): string {
    return textOf(this.bytes);
  }

  get decimal(): Decimal {
    return Decimal.from(this.text);
  }

  /** Of a set or list. */
  get items(): string[] {
    return texts(Json.parse(this.text));
  }

  /** Of fields and frequencies: names, and at the same places what they have. */
  get names(): string[] {
    return Json.parse(this.text).names;
  }

  get values(): string[] {
    return texts(Json.parse(this.text));
  }
}

function texts(json: Json): string[] {
  const made: string[] = [];
  for (let i = 0; i < json.items.length; i++) made.push(json.items[i].toString());
  return made;
}

/** The agreed value of what `look` sees of `state` on each node; in agreed runs the transcript answers. */
export function observeWith<S>(strategy: Strategy, state: S, look: (state: S) => Value): Agreed {
  const spec = utf8(strategy.spec);
  const packed = host_observe(spec.dataStart, spec.length);
  if (packed != -1) {
    const answer = answerOf(packed);
    return new Agreed(answer.kind, answer.bytes);
  }
  beginLook();
  const seen = strategy.written(look(state));
  host_propose(0, seen.dataStart, seen.length);
  unreachable();
  return new Agreed(0, seen);
}

/** The same for a look that needs nothing: functions here capture no variables. */
export function observe(strategy: Strategy, look: () => Value): Agreed {
  return observeWith<() => Value>(strategy, look, (inner) => inner());
}

/** Each once, by UTF-16 code units. */
function arranged(items: string[]): string[] {
  const kept: string[] = [];
  const sorted = items.slice(0).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (let i = 0; i < sorted.length; i++) if (i == 0 || sorted[i] != sorted[i - 1]) kept.push(sorted[i]);
  return kept;
}

function listText(items: string[]): string {
  let made = "";
  for (let i = 0; i < items.length; i++) made += (i ? "," : "") + quoted(items[i]);
  return "[" + made + "]";
}
