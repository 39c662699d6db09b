// Types of the module "executor", which is built into the JavaScript engine.

declare module "executor" {
  export type Bytes = Uint8Array | ArrayBuffer | ArrayBufferView;

  /** What a function is called with. */
  export interface Input {
    readonly bytes: Uint8Array;
    /** As UTF-8; throws if it is not. */
    text(): string;
    json(): any;
    readonly context: Context;
  }

  /** What `export default` may return: bytes, a string (as UTF-8), or nothing (empty output). */
  export type Output = Bytes | string | void;
  export type UserFunction = (input: Input) => Output | Promise<Output>;

  /** What the request commits to besides its input. Hashes and addresses are 0x hex in lower case. */
  export interface Context {
    readonly request_id: string;
    readonly chain_id: number;
    readonly router: string;
    readonly nonce: number;
    readonly block_number: number;
    /** Seconds since 1970, what Date shows too. */
    readonly block_timestamp: number;
    readonly parent_hash: string;
    readonly sender: string;
    readonly subscription: number;
    readonly function_id: string;
    readonly epoch: number;
    readonly callback_gas_limit: number;
    readonly consumer: string;
    readonly trigger: string;
  }
  export const context: Context;

  /** How q observations become one value; I is what observe's closure may return, O what observe gives. */
  export interface Strategy<I, O> {
    readonly aggregate: unknown;
    readonly __observed?: (value: I) => O;
  }
  export type Numeric = Decimal | bigint | number | string;
  /** The lower middle observation, as an exact decimal. */
  export const median: Strategy<Numeric, Decimal>;
  /** The value of all honest nodes, else the agreed error "no-agreement". */
  export const identical: Strategy<string | number | bigint | Decimal | Bytes, string>;
  /** The most frequent value, if frequent enough, else "no-agreement". */
  export const mode: Strategy<string | number | bigint | Decimal | Bytes, string>;
  /** The smallest and the largest that no liar can make up: the (f + 1)-th from below and from above. */
  export const min: Strategy<Numeric, Decimal>;
  export const max: Strategy<Numeric, Decimal>;
  /** The exact mean without the f smallest and the f largest, rounded half to even to the digits they have. */
  export const trimmedMean: Strategy<Numeric, Decimal>;
  export type Items = Iterable<string | number | bigint | Decimal>;
  /** The items that at least one honest node saw for sure; those of nearly all; the former with how many saw each. */
  export const union: Strategy<Items, string[]>;
  export const intersection: Strategy<Items, string[]>;
  export const frequency: Strategy<Items, Record<string, number>>;
  /** The longest list that nearly all nodes' lists begin or end with. */
  export const commonPrefix: Strategy<Items, string[]>;
  export const commonSuffix: Strategy<Items, string[]>;
  /** One node looks for all, and may tell anything: for calls that must not run n times. */
  export const single: Strategy<string | number | bigint | Decimal | Bytes, string>;
  /** An object of the above but single, field by field. */
  export function fields<S extends Record<string, Strategy<any, any>>>(
    strategies: S,
  ): Strategy<
    { [K in keyof S]: S[K] extends Strategy<infer I, any> ? I : never },
    { [K in keyof S]: S[K] extends Strategy<any, infer O> ? O : never }
  >;

  export interface ObserveOptions<I> {
    /** Names the observation in receipts and logs; at most 64 characters. */
    label?: string;
    /** Stands in for every agreed error; observe.last.kind tells. */
    default?: I;
  }
  export interface Observe {
    <I, O>(strategy: Strategy<I, O>, look: () => I | Promise<I>, options?: ObserveOptions<I>): O;
    /** For identical, mode and single: the agreed value as bytes. */
    <I>(strategy: Strategy<I, string>, look: () => I | Promise<I>, options: ObserveOptions<I> & { as: "bytes" }): Uint8Array;
    /** How the latest observation of this run ended. */
    readonly last: { readonly kind: "value" | "error" | "default" } | undefined;
  }
  /**
   * The agreed value of what `look` sees on each node; throws ObservationError on an agreed error. If `look` throws,
   * this node observes the error's .code, or "threw".
   */
  export const observe: Observe;

  export class ObservationError extends Error {
    readonly code: string;
  }
  export class CapabilityError extends Error {
    readonly code: string;
  }

  export interface HttpOptions {
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
    headers?: Record<string, string>;
    body?: string | Bytes;
  }
  export interface Response {
    /** 0 when there was no response (fetchMany only). */
    readonly status: number;
    /** Whether the status is 2xx. */
    readonly ok: boolean;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    readonly error: CapabilityError | null;
    bytes(): Uint8Array;
    text(): string;
    json(): any;
  }
  /** Only inside observe. Calls answer at once: there is nothing to await. */
  export const http: {
    get(url: string, options?: Omit<HttpOptions, "method">): Response;
    fetch(url: string, options?: HttpOptions): Response;
    /** All at once; one that fails has .ok false and .error set, and throws it when read. */
    fetchMany(requests: Iterable<string | ({ url: string } & HttpOptions)>): Response[];
  };

  /** The part of a JSON value at a path such as `data.rates[0]["a.b"]`; throws with code "missing-path". */
  export function at(value: unknown, path: string): any;
  /** Several parts by name, as `fields` takes them: project(reply.json(), { price: "data.price" }). */
  export function project<P extends Record<string, string>>(value: unknown, paths: P): { [K in keyof P]: any };
  /** One text for one JSON value: keys sorted, numbers as decimal strings. For `identical`. */
  export function stable(value: unknown): string;
  /** The headers named, in lower case; most others differ from reply to reply. */
  export function only(headers: Readonly<Record<string, string>>, names: string[]): Record<string, string>;

  /** Secrets that the function's owner put; only inside observe. Throws CapabilityError, such as "secret-missing". */
  export const secrets: {
    /** The value as text. */
    get(name: string): string;
    bytes(name: string): Uint8Array;
  };

  /** The opened text of an envelope. */
  export interface PrivateText {
    readonly bytes: Uint8Array;
    text(): string;
    json(): any;
  }
  /** Opens the sealed part of the request's input; only inside observe. What it holds leaves in what you observe. */
  export function privateInput(envelope: Bytes): PrivateText;

  /** A block's number (also as agreed on), or its hash; by default the request's own block, on the home chain only. */
  export type EvmBlock = Numeric | string;
  export interface EvmPlace {
    /** The chain id; the home chain, if left out. The manifest must list it. */
    chain?: number;
    block?: EvmBlock;
  }
  /** Either abi, "name(inputs)(outputs)", and args, or data. */
  export type EvmCall = { to: string } & ({ abi: string; args?: AbiValue[] } | { data: string | Bytes });
  export type EvmResult = { readonly ok: true; readonly value: any } | { readonly ok: false; readonly data: Uint8Array };
  export interface EvmHeader {
    readonly number: number;
    readonly hash: string;
    readonly parentHash: string;
    readonly timestamp: number;
    readonly baseFee: bigint;
  }
  export interface EvmLog {
    readonly address: string;
    readonly topics: readonly string[];
    readonly data: Uint8Array;
    readonly blockNumber: number;
    readonly blockHash: string;
    readonly transactionHash: string;
    readonly index: number;
  }
  /** null: any; a topic is 32 bytes, an address or an integer. */
  export type EvmTopic = null | string | Bytes | bigint | number | (string | Bytes | bigint | number)[];
  /** Reads of EVM chains, only inside observe (agreeOnBlock: outside). There are no writes. */
  export const evm: {
    /** Return data, decoded by abi: one output alone, several as an array. A revert throws with code "evm-reverted". */
    call(options: EvmPlace & EvmCall): any;
    /** Many calls at one block, in order; a revert is a result. */
    callMany(options: EvmPlace & { calls: Iterable<EvmCall> }): EvmResult[];
    /** In wei. */
    balance(options: EvmPlace & { address: string }): bigint;
    /** Only here block may be "finalized". */
    block(options?: EvmPlace): EvmHeader;
    /** event: "Transfer(address,address,uint256)", whose hash is the first topic. */
    logs(
      options: EvmPlace & { fromBlock?: Numeric; event?: string; topics?: EvmTopic[] } & ({ address: string } | { addresses: string[] }),
    ): EvmLog[];
    /** A height of another chain to read at: the median of the last final blocks, an observation of its own. */
    agreeOnBlock(chain: number, options?: ObserveOptions<Numeric>): number;
  };

  export type Rounding = "trunc" | "floor" | "ceil" | "half-up" | "half-even" | "exact";
  /** An exact decimal, units / 10^scale. */
  export class Decimal {
    constructor(units: bigint, scale?: number);
    static from(value: Numeric): Decimal;
    readonly units: bigint;
    readonly scale: number;
    add(other: Numeric): Decimal;
    sub(other: Numeric): Decimal;
    mul(other: Numeric): Decimal;
    negated(): Decimal;
    compare(other: Numeric): -1 | 0 | 1;
    equals(other: Numeric): boolean;
    /** Times 10^places; digits beyond are cut off towards zero unless rounding says otherwise. */
    scaled(places: number, options?: { rounding?: Rounding }): bigint;
    /** With so many digits after the point, half to even unless rounding says otherwise. */
    rounded(places: number, options?: { rounding?: Rounding }): Decimal;
    toNumber(): number;
    toString(): string;
    toJSON(): string;
  }

  export type AbiValue = bigint | number | boolean | string | Bytes | AbiValue[];
  /** Solidity's abi.encode and abi.decode: uintN, intN, address, bool, bytes, bytesN, string, T[], T[k], (T1,T2). */
  export const abi: {
    encode(types: string[], values: AbiValue[]): Uint8Array;
    decode(types: string[], data: Bytes): any[];
  };

  export function keccak256(bytes: Bytes): Uint8Array;

  /** Choices made of a 32-byte seed, the same in every SDK and in Randomness.sol; unbiased. */
  export interface RandomStream {
    bytes(count: number): Uint8Array;
    /** A number in [0, n), each as likely as any other. */
    below(n: number): number;
    below(n: bigint): bigint;
    /** In random order; the list given stays as it is. */
    shuffle<T>(list: Iterable<T>): T[];
    /** Different items of a list, or numbers in [0, n), in random order. */
    sample<T>(from: Iterable<T>, count: number): T[];
    sample(n: number, count: number): number[];
    sample(n: bigint, count: number): bigint[];
  }
  /**
   * Agreed randomness, granted by [capabilities.random]. Draws come last: after one, observe ends the run. bytes, below,
   * shuffle and sample go on in one stream, seeded by the run's next draw when it is first used.
   */
  export const random: RandomStream & {
    /** 32 bytes that nobody in the committee chose. */
    draw(): Uint8Array;
    /** A stream of one's own; one seed serves one purpose. */
    stream(seed: Bytes): RandomStream;
  };

  export const time: {
    /** The request's block timestamp in seconds: the same on every node, and the past. */
    now(): number;
    /** What this node's clock shows, for an observation of one's own. Only inside observe. */
    local(): string;
    /** The middle one of the nodes' clocks in seconds; an observation, granted by [capabilities.time]. */
    observed(options?: ObserveOptions<Numeric>): Decimal;
  };

  export const hex: { encode(bytes: Bytes): string; decode(text: string): Uint8Array };
  export const utf8: { encode(text: string): Uint8Array; decode(bytes: Bytes, options?: { lossy?: boolean }): string };

  /** For people; in no digest. Lines over 4 KiB are cut, and after 900 lines or 48 KiB the rest is dropped. */
  export const log: Record<"debug" | "info" | "warn" | "error", (...parts: unknown[]) => void>;
}
