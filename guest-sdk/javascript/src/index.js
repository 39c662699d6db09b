// The module "executor".
export { abi } from "./abi.js";
export { at, only, project, stable } from "./agreeing.js";
export { hex, utf8 } from "./bytes.js";
export { context } from "./context.js";
export { keccak256 } from "./crypto.js";
export { Decimal } from "./decimal.js";
export { CapabilityError, ObservationError } from "./errors.js";
export { evm } from "./evm.js";
export { http } from "./http.js";
export { log } from "./log.js";
export { random } from "./random.js";
export { time } from "./time.js";
export { observe } from "./observe.js";
export { privateInput, secrets } from "./private.js";
export {
  commonPrefix,
  commonSuffix,
  fields,
  frequency,
  identical,
  intersection,
  max,
  median,
  min,
  mode,
  single,
  trimmedMean,
  union,
} from "./strategies.js";
