// JSON: parsed whole and strictly, numbers kept as they are written.

export enum JsonKind { Null, True, False, Number, Text, List, Object }

const MAX_DEPTH = 64;

export class Json {
  kind: JsonKind = JsonKind.Null;
  /** Of a text; of a number as written. */
  text: string = "";
  items: Json[] = [];
  /** Of an object: the names of its items. */
  names: string[] = [];

  /** Throws where the text is no JSON. */
  static parse(text: string): Json {
    const reader = new Reader(text);
    const value = reader.value(0);
    reader.space();
    if (reader.at != text.length) reader.refuse();
    return value;
  }

  has(name: string): bool {
    return this.kind == JsonKind.Object && this.names.lastIndexOf(name) >= 0;
  }

  /** A member; throws where there is none. */
  get(name: string): Json {
    if (!this.has(name)) throw new Error(`there is no "${name}"`);
    return this.items[this.names.lastIndexOf(name)];
  }

  /** An element; throws where there is none. */
  at(index: i32): Json {
    if (this.kind != JsonKind.List || index < 0 || index >= this.items.length) throw new Error(`there is no element ${index}`);
    return this.items[index];
  }

  /** What a text or number says; throws for anything else. */
  toString(): string {
    if (this.kind != JsonKind.Text && this.kind != JsonKind.Number) throw new Error("neither text nor a number");
    return this.text;
  }
}

/** A text as JSON writes it: the one form of RFC 8785. */
export function quoted(text: string): string {
  let made = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) made += "\\" + text.charAt(i);
    else if (unit >= 32) made += text.charAt(i);
    else if (unit == 8) made += "\\b";
    else if (unit == 9) made += "\\t";
    else if (unit == 10) made += "\\n";
    else if (unit == 12) made += "\\f";
    else if (unit == 13) made += "\\r";
    else made += "\\u00" + (unit < 16 ? "0" : "1") + "0123456789abcdef".charAt(unit & 15);
  }
  return made + '"';
}

class Reader {
  at: i32 = 0;

  constructor(private text: string) {}

  refuse(): void {
    throw new Error(`not JSON at character ${this.at}`);
  }

  space(): void {
    while (this.at < this.text.length) {
      const unit = this.text.charCodeAt(this.at);
      if (unit != 32 && unit != 9 && unit != 10 && unit != 13) return;
      this.at++;
    }
  }

  private next(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1;
  }

  private expect(unit: i32): void {
    if (this.next() != unit) this.refuse();
    this.at++;
  }

  private word(word: string, kind: JsonKind): Json {
    if (!this.text.startsWith(word, this.at)) this.refuse();
    this.at += word.length;
    const value = new Json();
    value.kind = kind;
    return value;
  }

  value(depth: i32): Json {
    if (depth > MAX_DEPTH) this.refuse();
    this.space();
    const unit = this.next();
    if (unit == 0x7b || unit == 0x5b) return this.several(unit == 0x7b, depth);
    if (unit == 0x74) return this.word("true", JsonKind.True);
    if (unit == 0x66) return this.word("false", JsonKind.False);
    if (unit == 0x6e) return this.word("null", JsonKind.Null);
    const value = new Json();
    value.kind = unit == 0x22 ? JsonKind.Text : JsonKind.Number;
    value.text = unit == 0x22 ? this.quotation() : this.number();
    return value;
  }

  private several(named: bool, depth: i32): Json {
    const value = new Json();
    const end = named ? 0x7d : 0x5d;
    value.kind = named ? JsonKind.Object : JsonKind.List;
    this.at++;
    this.space();
    if (this.next() == end) {
      this.at++;
      return value;
    }
    while (true) {
      if (named) {
        this.space();
        value.names.push(this.quotation());
        this.space();
        this.expect(0x3a);
      }
      value.items.push(this.value(depth + 1));
      this.space();
      if (this.next() == end) break;
      this.expect(0x2c);
    }
    this.at++;
    return value;
  }

  private digits(): void {
    const start = this.at;
    while (this.next() >= 0x30 && this.next() <= 0x39) this.at++;
    if (this.at == start) this.refuse();
  }

  private number(): string {
    const start = this.at;
    if (this.next() == 0x2d) this.at++;
    if (this.next() == 0x30) this.at++;
    else this.digits();
    if (this.next() == 0x2e) {
      this.at++;
      this.digits();
    }
    if ((this.next() | 32) == 0x65) {
      this.at++;
      if (this.next() == 0x2b || this.next() == 0x2d) this.at++;
      this.digits();
    }
    return this.text.substring(start, this.at);
  }

  private quotation(): string {
    this.expect(0x22);
    let made = "";
    let start = this.at;
    while (true) {
      const unit = this.next();
      if (unit < 32) this.refuse();
      if (unit == 0x22) break;
      this.at++;
      if (unit != 0x5c) continue;
      made += this.text.substring(start, this.at - 1) + this.escaped();
      start = this.at;
    }
    made += this.text.substring(start, this.at);
    this.at++;
    return made;
  }

  private escaped(): string {
    const letter = this.next();
    this.at++;
    if (letter == 0x75) {
      let unit = 0;
      for (let i = 0; i < 4; i++) {
        const digit = this.next() | 32;
        if (!((digit >= 0x30 && digit <= 0x39) || (digit >= 0x61 && digit <= 0x66))) this.refuse();
        unit = (unit << 4) | (digit <= 0x39 ? digit - 0x30 : digit - 0x57);
        this.at++;
      }
      return String.fromCharCode(unit);
    }
    const place = '"\\/bfnrt'.indexOf(String.fromCharCode(letter));
    if (place < 0) this.refuse();
    return '"\\/\b\f\n\r\t'.charAt(place);
  }
}
