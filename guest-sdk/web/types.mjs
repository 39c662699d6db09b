/**
 * The types of a module's exports, which the JavaScript API does not tell: read from its bytes.
 *
 * Returns a Map of name to [parameters, results] of a function or the type of a global. The module has been compiled.
 */
export function exportedTypes(bytes) {
  const names = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128", 0x70: "funcref", 0x6f: "externref" };
  const found = new Map();
  const types = [];
  const functions = [];
  const globals = [];
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const list = (item) => Array.from({ length: number() }, item);
  const valueType = () => names[bytes[at++]];
  const text = () => {
    const length = number();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const expression = () => {
    for (let opcode = bytes[at++]; opcode !== 0x0b; opcode = bytes[at++]) {
      if (opcode === 0x43) at += 4;
      else if (opcode === 0x44) at += 8;
      else if (opcode === 0xfd) at += 17; // v128.const
      else number();
    }
  };
  const sections = {
    1: () => list(() => (at++, types.push([list(valueType), list(valueType)]))),
    2: () => list(() => (text(), text(), at++, functions.push(number()))),
    3: () => list(() => functions.push(number())),
    6: () => list(() => (globals.push(valueType()), at++, expression())),
    7: () =>
      list(() => {
        const [name, kind, index] = [text(), bytes[at++], number()];
        if (kind === 0) found.set(name, types[functions[index]]);
        if (kind === 3) found.set(name, globals[index]);
      }),
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const end = number() + at;
    sections[id]?.();
    at = end;
  }
  return found;
}
