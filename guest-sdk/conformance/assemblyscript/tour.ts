// What the modules share: a command, a line feed, the rest.
import { textOf } from "executor";

export class Tour {
  readonly command: string;
  readonly rest: Uint8Array;

  constructor(input: Uint8Array) {
    const end = input.indexOf(10);
    this.command = textOf(end < 0 ? input : input.subarray(0, end));
    this.rest = end < 0 ? new Uint8Array(0) : input.subarray(end + 1);
  }

  get text(): string {
    return textOf(this.rest);
  }

  get words(): string[] {
    return this.text.split(" ");
  }
}

/** The lines of a text; the empty text has none. */
export function linesOf(text: string): string[] {
  return text.length ? text.split("\n") : [];
}
