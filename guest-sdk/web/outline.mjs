/**
 * What a host must know of a module that the JavaScript API does not tell: read from its bytes.
 *
 * The module has been compiled, so its bytes are well formed; of what features allow only those of the profile are read.
 */

const VALUE_TYPES = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128", 0x70: "funcref" };

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 8; // magic and version
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned integer; of a signed one only the length is right. */
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  list(item) {
    return Array.from({ length: this.number() }, () => item());
  }

  skip(length) {
    this.at += length;
    return length;
  }

  text() {
    const length = this.number();
    this.at += length;
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes.subarray(this.at - length, this.at));
  }

  valueType() {
    return VALUE_TYPES[this.byte()];
  }

  limits() {
    const bounded = this.byte() & 1;
    return { minimum: this.number(), maximum: bounded ? this.number() : undefined };
  }

  /** A constant expression: one instruction and its end. */
  constant() {
    for (let opcode = this.byte(); opcode !== 0x0b; opcode = this.byte()) {
      if (opcode === 0x43) this.skip(4);
      else if (opcode === 0x44) this.skip(8);
      else if (opcode === 0xfd) this.skip(17); // v128.const
      else this.number();
    }
  }

  /** An element segment; how many elements it has. */
  elements() {
    const flags = this.number();
    if (flags & 2 && !(flags & 1)) this.number(); // table
    if (!(flags & 1)) this.constant(); // offset
    if (flags & 3) this.byte(); // kind or type
    return this.list(() => (flags & 4 ? this.constant() : this.number())).length;
  }

  /** A data segment; how many bytes it has. */
  data() {
    const flags = this.number();
    if (flags === 2) this.number();
    if (flags !== 1) this.constant();
    return this.skip(this.number());
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * Returns {exports, memory, dataBytes, elements}: `exports` is a Map of name to [parameters, results] of a function or
 * the type of a global, `memory` the limits of the memory in pages or undefined, `elements` counts those of tables'
 * minimums and of segments.
 */
export function readOutline(bytes) {
  const reader = new Reader(bytes);
  const outline = { exports: new Map(), memory: undefined, dataBytes: 0, elements: 0 };
  const [types, functions, globals] = [[], [], []];
  const valueTypes = () => reader.list(() => reader.valueType());
  const sections = {
    1: () => reader.list(() => (reader.byte(), types.push([valueTypes(), valueTypes()]))),
    2: () => reader.list(() => (reader.text(), reader.text(), reader.byte(), functions.push(reader.number()))),
    3: () => reader.list(() => functions.push(reader.number())),
    4: () => (outline.elements += sum(reader.list(() => (reader.byte(), reader.limits().minimum)))),
    5: () => ([outline.memory] = reader.list(() => reader.limits())),
    6: () => reader.list(() => (globals.push(reader.valueType()), reader.byte(), reader.constant())),
    7: () =>
      reader.list(() => {
        const [name, kind, index] = [reader.text(), reader.byte(), reader.number()];
        if (kind === 0) outline.exports.set(name, types[functions[index]]);
        if (kind === 3) outline.exports.set(name, globals[index]);
      }),
    9: () => (outline.elements += sum(reader.list(() => reader.elements()))),
    11: () => (outline.dataBytes += sum(reader.list(() => reader.data()))),
  };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const end = reader.number() + reader.at;
    sections[id]?.();
    reader.at = end;
  }
  return outline;
}
