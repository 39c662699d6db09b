// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a subscription pays with. Amounts are in the asset's smallest unit (wei for the native coin).
enum Asset {
    Native,
    Token
}

/// @notice One version of the prices, two storage words; versions never change, and a request is charged by the version it
/// was quoted with.
struct Prices {
    uint64 fuelPrice; // wei per million fuel and execution
    uint64 slotPrice; // wei per observation slot
    uint32 deliveryGas; // gas a delivery is thought to need beside its callback and its output: part of the quote only
    uint32 maxTip; // gwei: priority fee that is reimbursed at most
    uint16 headroom; // percent of the request's base fee that the quote reckons with, 100 or more
    uint16 premium; // hundredths of a percent that the payer of gas gets on top of it
    uint128 tokenRate; // the token's units per 10^18 wei
}

/// @notice What a function may use at most, read from its terms (docs/wire.md §1, `manifest`).
struct Limits {
    uint64 fuel; // per execution
    uint16 observations;
    uint32 outputBytes;
}

/// @notice Who pays for requests.
struct Subscription {
    address owner;
    address offeredTo; // who may take it over; zero when nobody
    Asset asset;
    uint96 balance; // free to be spent or withdrawn
    uint96 reserved; // for requests in flight
    uint16 consumers;
}

/// @notice What a delivery cost, in the subscription's asset; `work + gasCost + refund` is what had been reserved.
struct Charge {
    uint80 work; // to the signers, for fuel and slots
    uint80 gasCost; // to the payer of gas
    uint80 refund; // back to the subscription's balance
}
