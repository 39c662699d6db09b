// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The function the tests ask for: its facts as `IFunctionRegistry.register` takes them, and its id.

bytes32 constant MODULE = keccak256("module");
bytes32 constant SOURCE = keccak256("source");
bytes constant TERMS =
    '{"capabilities":{},"limits":{"fuel":200000000,"memory_mib":64,"observations":5,"observe_fuel":500000000,"output_bytes":4096}}';
bytes32 constant FUNCTION = keccak256(
    abi.encode(
        keccak256("executor/v1/function"),
        MODULE,
        SOURCE,
        keccak256(abi.encode(keccak256("executor/v1/manifest"), keccak256(TERMS)))
    )
);
