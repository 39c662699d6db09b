// Everything a function imports: import { observe, median, Value } from "executor".
export { abi, AbiValue } from "./abi";
export { fromHex, hex, isUtf8, join, textOf, utf8 } from "./bytes";
export { Answer, call, keccak256, privateInput, secret } from "./calls";
export { context, time } from "./context";
export { Decimal, isDecimal, Rounding } from "./decimal";
export { evm, EvmBlock, EvmLog, EvmPlace } from "./evm";
export { http, HttpReply, HttpRequest } from "./http";
export { Json, JsonKind, quoted } from "./json";
export {
  Agreed, commonPrefix, commonSuffix, fields, frequency, identical, intersection, maximum, median, minimum, mode, observe,
  observeWith, single, Strategy, trimmedMean, union, Value,
} from "./observe";
export { draw, Stream } from "./random";
export { fail, log, lookFailed } from "./run";
