"""What a contract's refusal means, in words, for whoever sent the transaction."""

from __future__ import annotations

from typing import Final as Constant

from eth_abi.exceptions import DecodingError

from executor.chain.contracts import CODEC, REASONS, revert_reason
from executor.errors import RpcRefused

WORDS: Constant[dict[str, str]] = {
    # Committee, Operators, Stake
    "AlreadyExiting(address,uint256)": "operator {0} asked to leave already, at block time {1}",
    "AlreadySlashed(address)": "operator {0} was slashed: it can neither be slashed again nor pay stake in",
    "BadChangeDelay(uint256)": "a delay of {0} s is longer than the contract allows",
    "BadEncryptionKey()": "the encryption key is none that anything can be sealed to",
    "BadEndpoint(uint256)": "the endpoint has {0} bytes; it has 1 to 256",
    "BadMemberCount(uint256)": "an epoch has 1 to 100 members, not {0}",
    "BadPossession()": "the BLS key's proof of possession is not made for this operator by this key",
    "BadPublicKey()": "the BLS public key has not 256 bytes",
    "BadRecipient()": "nothing is paid to the zero address",
    "BadRoundLength()": "the round length is zero",
    "BadSigner()": "the signer's address is zero",
    "BadSignerProof()": "the signer's proof is not made for this operator by this key",
    "BadVerifiers()": "an epoch has 1 to 8 verifiers, different contracts",
    "BadVote(uint256)": "vote {0} is not signed by the member in this epoch",
    "DuplicateMember(address)": "operator {0} is named twice",
    "EpochNotReady(uint256)": "this epoch was not proposed last, or it cannot begin before block time {0}",
    "NoEquivocation()": "the two reports are of different runs, or say the same",
    "NoStake(address)": "operator {0} has no stake",
    "NoSuchMember(uint64,uint256)": "epoch {0} has no member {1}",
    "NotExiting(address)": "operator {0} has not asked to leave",
    "NotRegistered(address)": "operator {0} never registered",
    "PathTooLong(uint256)": "a path of {0} hashes is longer than that of the largest batch",
    "PublicKeyTaken(address)": "operator {0} has registered this BLS key; a key is its operator's for ever",
    "SignerTaken(address)": "operator {0} has registered this signer; a key is its operator's for ever",
    "StillBonded(address,uint256)": "the stake of {0} is bound until block time {1} (0: while it is a member)",
    "TooFewMembers(uint256,uint256)": "{0} of the proposed members can be members now, {1} must: propose others",
    "UnknownEpoch(uint64)": "there is no epoch {0}",
    "OwnableUnauthorizedAccount(address)": "{0} is not the contract's owner",
    "OwnableInvalidOwner(address)": "{0} cannot be the owner",
    # Router: subscriptions, prices, requests
    "BadAddress()": "an address is zero",
    "BadAmount(uint256)": "the amount {0} is zero or more than a subscription can hold",
    "BadLimits()": "a limit is outside the range that the contract allows",
    "BadPrices()": "a price is outside the range that the contract allows",
    "BadRate(uint128,uint128)": "a rate may change by a quarter an hour at most: it is {0}, not {1}",
    "CallbackGasTooHigh(uint256,uint256)": "the callback may have at most {1} gas, not {0}",
    "ConsumerExists(uint64,address)": "{1} is a consumer of subscription {0} already",
    "CostTooHigh(uint256)": "it could cost {0}, more than the router reckons with",
    "EpochEnded(uint64)": "epoch {0} is over",
    "InputTooLong(uint256,uint256)": "the input has {0} bytes, at most {1} are allowed",
    "InsufficientBalance(uint64,uint256,uint256)": "subscription {0} has {1} free and {2} are needed: fund it",
    "InsufficientGas(bytes32,uint256)": "too little gas is left for the callback of {0}: {1} are needed",
    "MalformedReports(uint256)": "the packed reports end in the middle of one, at byte {0}",
    "NoEpoch()": "no epoch has begun",
    "NoReports()": "the delivery has no report",
    "NoToken()": "this router takes no token",
    "NotConsumer(uint64,address)": "{1} may not spend from subscription {0}; its owner can add it as a consumer",
    "NotExpired(bytes32,uint256)": "request {0} cannot expire before block time {1}",
    "NotGuardian(address)": "{0} is neither owner nor guardian",
    "NotOffered(uint64,address)": "subscription {0} was not offered to {1}",
    "NotPending(bytes32)": "request {0} is not open",
    "NotSigners(uint64,uint256)": "epoch {0} has no such members: {1}",
    "NotSubscriptionOwner(uint64,address)": "{1} does not own subscription {0}",
    "NothingEarned(address)": "{0} has nothing to withdraw",
    "BadOrigins(uint256,uint256)": "{0} origins for {1} reports; each has one",
    "Paused()": "the router takes no new requests now",
    "PaymentFailed(address)": "the coin could not be sent to {0}",
    "PricesNotReady(uint256)": "these prices were not proposed last, or are not ready before block time {0}",
    "RequestsInFlight(uint64,uint256)": "requests of subscription {0} are open, and {1} is reserved for them",
    "TooManyConsumers(uint64)": "subscription {0} can have no more consumers",
    "TriggersSet()": "the trigger registry was named before, or is zero",
    "UnknownPrices(uint32)": "there is no version {0} of the prices",
    "UnknownSubscription(uint64)": "there is no subscription {0}",
    "UnknownVerifier(uint64,uint256)": "epoch {0} has no verifier {1}",
    "WrongAsset(uint64,uint8)": "subscription {0} pays with the other asset",
    # Triggers, FunctionRegistry
    "BadReceiver(address)": "{0} is no receiver of reports: it does not answer ERC-165 for IReceiver",
    "BadTrigger()": "config or input is empty where it must not be, or too long",
    "NotPayer(uint64,address)": "{1} neither owns subscription {0} nor is one of its consumers",
    "NotTriggerOwner(bytes32,address)": "{1} does not own registration {0}",
    "UnknownTrigger(bytes32)": "there is no registration {0}",
    "BadName()": "a name has 1 to 64 bytes, a uri at most 512",
    "BadTerms()": "the terms are not canonical JSON that ends with the limits, or a limit is out of range",
    "NotActive(bytes32,uint32)": "the name is paused, or version {1} withdrawn",
    "NotNameOwner(bytes32,address)": "{1} does not own this name",
    "NotOfferedName(bytes32,address)": "the name was not offered to {1}",
    "UnknownFunction(bytes32)": "nobody registered function {0}",
    "UnknownVersion(bytes32,uint32)": "nothing was published under this name, or not version {1}",
}


def explain(error: RpcRefused) -> str:
    """Why a contract or node refused, with the contract's own name for it."""
    return explain_data(error.data) if error.data else error.message


def explain_data(raw: bytes) -> str:
    """A revert's return data for people: in words, with its own name behind them, where it has words."""
    signature = REASONS.get(raw[:4], "")
    if (words := WORDS.get(signature)) is None:
        return revert_reason(raw)
    types = signature.partition("(")[2].rstrip(")")
    try:
        values = CODEC.decode(types.split(",") if types else [], raw[4:])
    except DecodingError:
        return revert_reason(raw)
    shown = ("0x" + value.hex() if isinstance(value, bytes) else value for value in values)
    return f"{words.format(*shown)} ({revert_reason(raw)})"
