// Solidity ABI, both ways.
import { decode } from "./abi_decode.js";
import { encode } from "./abi_encode.js";

export const abi = Object.freeze({ encode, decode });
