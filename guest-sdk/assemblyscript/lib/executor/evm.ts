// EVM chains from inside a look; the messages are docs/wire.md §10. Nothing here writes.
import { abi, AbiValue } from "./abi";
import { join, hex, utf8 } from "./bytes";
import { keccak256, live } from "./calls";
import { Decimal } from "./decimal";
import { quoted } from "./json";

/** Where to read: by default at the request's own block, on the home chain. */
export class EvmPlace {
  private members: string = "";

  /** A chain's id, which the manifest must list. */
  static chain(id: i64): EvmPlace {
    const place = new EvmPlace();
    place.members = `,"chain":${id}`;
    return place;
  }

  /** A block's number, its hash as 0x-hex, or "finalized" (for evm.block alone). */
  block(block: string): EvmPlace {
    this.members += `,"block":${block == "finalized" || block.startsWith("0x") ? quoted(block) : block}`;
    return this;
  }

  toString(): string {
    return this.members;
  }
}

export class EvmBlock {
  constructor(private header: AbiValue) {}
  get number(): string {
    return this.header.items[0].unsigned().toString();
  }
  get hash(): string {
    return hex(this.header.items[1].bytes);
  }
  get parentHash(): string {
    return hex(this.header.items[2].bytes);
  }
  get timestamp(): string {
    return this.header.items[3].unsigned().toString();
  }
  get baseFee(): Decimal {
    return this.header.items[4].unsigned();
  }
}

export class EvmLog {
  constructor(private log: AbiValue) {}
  get address(): string {
    return hex(this.log.items[0].bytes);
  }
  get topics(): AbiValue[] {
    return this.log.items[1].items;
  }
  get data(): Uint8Array {
    return this.log.items[2].bytes;
  }
  get blockNumber(): string {
    return this.log.items[3].unsigned().toString();
  }
  get index(): string {
    return this.log.items[6].unsigned().toString();
  }
}

function ask(operation: string, members: string, place: EvmPlace): Uint8Array {
  const where = place.toString();
  return live(operation, utf8("{" + (members.length ? members + where : where.substring(1)) + "}"));
}

function message(to: string, data: Uint8Array): string {
  return `"to":${quoted(to)},"data":"${hex(data)}"`;
}

export namespace evm {
  /** Calldata of "balanceOf(address)" and its arguments. */
  export function calldata(signature: string, args: AbiValue[]): Uint8Array {
    const types = signature.substring(signature.indexOf("("));
    const selector = keccak256(utf8(signature)).subarray(0, 4);
    return args.length ? join([selector, abi.encode(types, AbiValue.list(args))]) : selector;
  }

  /** What a contract returns; a call that fails ends the look with the capability's code. */
  export function call(to: string, data: Uint8Array, place: EvmPlace = new EvmPlace()): Uint8Array {
    return ask("evm.call", message(to, data), place);
  }

  /** Many calls at one block, in order: each a tuple (bool succeeded, bytes data). */
  export function callMany(to: string, data: Uint8Array[], place: EvmPlace = new EvmPlace()): AbiValue[] {
    let calls = "";
    for (let i = 0; i < data.length; i++) calls += (i ? ",{" : "{") + message(to, data[i]) + "}";
    return abi.decode("(bool,bytes)[]", ask("evm.call_many", `"calls":[${calls}]`, place)).items;
  }

  /** In wei. */
  export function balance(address: string, place: EvmPlace = new EvmPlace()): Decimal {
    return abi.decode("uint256", ask("evm.balance", `"address":${quoted(address)}`, place)).unsigned();
  }

  export function block(place: EvmPlace = new EvmPlace()): EvmBlock {
    return new EvmBlock(abi.decode("(uint256,bytes32,bytes32,uint256,uint256)", ask("evm.block", "", place)));
  }

  /** Of a contract's event, such as "Transfer(address,address,uint256)", from a block's number to the place's block. */
  export function logs(address: string, fromBlock: string, event: string, place: EvmPlace = new EvmPlace()): EvmLog[] {
    const members = `"addresses":[${quoted(address)}],"from_block":${fromBlock},"topics":[["${hex(keccak256(utf8(event)))}"]]`;
    const found = abi.decode("(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]", ask("evm.logs", members, place)).items;
    const made: EvmLog[] = [];
    for (let i = 0; i < found.length; i++) made.push(new EvmLog(found[i]));
    return made;
  }
}
