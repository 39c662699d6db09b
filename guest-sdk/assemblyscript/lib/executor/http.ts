// HTTP from inside a look; the messages are docs/wire.md §5.
import { live } from "./calls";
import { join, readU32le, slice, textOf, u32le, utf8 } from "./bytes";
import { Json, quoted } from "./json";

export class HttpRequest {
  method: string = "GET";
  body: Uint8Array = new Uint8Array(0);
  private headers: string = "";

  constructor(readonly url: string) {}

  /** Sets a header. */
  header(name: string, value: string): HttpRequest {
    this.headers += (this.headers.length ? "," : "") + quoted(name) + ":" + quoted(value);
    return this;
  }

  get message(): Uint8Array {
    const head = utf8(`{"method":${quoted(this.method)},"url":${quoted(this.url)},"headers":{${this.headers}}}`);
    return join([u32le(head.length), head, this.body]);
  }
}

export class HttpReply {
  status: i32 = 0;
  /** Where there was no reply, its code: fetchMany only. */
  error: string = "";
  body: Uint8Array = new Uint8Array(0);
  private headers: Json = new Json();

  static of(message: Uint8Array): HttpReply {
    const length = <i32>readU32le(message, 0);
    const head = Json.parse(textOf(slice(message, 4, length)));
    const reply = new HttpReply();
    reply.status = I32.parseInt(head.get("status").toString());
    reply.headers = head.get("headers");
    reply.body = message.subarray(4 + length);
    return reply;
  }

  /** Whether the status is 2xx. */
  get ok(): bool {
    return this.status >= 200 && this.status < 300;
  }

  get text(): string {
    return textOf(this.body);
  }

  get json(): Json {
    return Json.parse(this.text);
  }

  /** A header by its name in lower case; null if there is none. */
  header(name: string): string | null {
    return this.headers.has(name) ? this.headers.get(name).toString() : null;
  }
}

export namespace http {
  export function get(url: string): HttpReply {
    return fetch(new HttpRequest(url));
  }

  /** The reply, whatever its status; where there is none the look ends with the capability's code. */
  export function fetch(request: HttpRequest): HttpReply {
    return HttpReply.of(live("http.fetch", request.message));
  }

  /** All at once, in their order; one that got no reply has its error set. */
  export function fetchMany(requests: HttpRequest[]): HttpReply[] {
    const parts: Uint8Array[] = [u32le(requests.length)];
    for (let i = 0; i < requests.length; i++) {
      const message = requests[i].message;
      parts.push(u32le(message.length));
      parts.push(message);
    }
    const answer = live("http.fetch_many", join(parts));
    const replies: HttpReply[] = [];
    let at = 4;
    for (let left = readU32le(answer, 0); left > 0; left--) {
      const failed = slice(answer, at, 1)[0] != 0;
      const part = slice(answer, at + 5, <i32>readU32le(answer, at + 1));
      at += 5 + part.length;
      if (!failed) {
        replies.push(HttpReply.of(part));
        continue;
      }
      const reply = new HttpReply();
      reply.error = textOf(part);
      replies.push(reply);
    }
    return replies;
  }
}
