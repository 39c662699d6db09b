"""What to do about each finding: one summary and one advice a kind, as data.

The blanks: `where` (the run, or an observation), `subject` (a URL, method or code), `why` (the guest's words), and the
manifest's limits by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from executor.model.profile import PROFILE
from executor.testing.checking.findings import Kind


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong and what to do, with blanks."""

    summary: str
    advice: str


_REPORT_IT: Final = "this is a fault of this machine or of the executor, not of the function: please report it"

WORDS: Final[Mapping[Kind, Words]] = MappingProxyType(
    {
        Kind.RANDOM: Words(
            "{where} calls Math.random",
            "Math.random throws, because each node would draw another number: take a number that is agreed, such as a "
            "public beacon's, or keccak256 of context.request_id where a predictable one will do",
        ),
        Kind.HOST_NOT_ALLOWED: Words(
            "{where} asks {subject}, which function.toml does not list",
            "add the host to capabilities.http.hosts in function.toml (with http:// if it is not https)",
        ),
        Kind.METHOD_NOT_ALLOWED: Words(
            "{where} uses {subject}, which function.toml does not list",
            "add it to capabilities.http.methods in function.toml",
        ),
        Kind.NOT_GRANTED: Words(
            "{where} uses a capability that function.toml does not grant",
            "grant it in function.toml: [capabilities.http] with hosts, [capabilities.evm] with chains",
        ),
        Kind.SECRETS_WITHOUT_OWNER: Words(
            "function.toml names secrets ({why}) and nobody who may put them: on a network each is secret-missing",
            "say whose they are: owner in [capabilities.secrets] of function.toml is the account that signs "
            "`executor secrets put`; it is part of the function id",
        ),
        Kind.ERROR_AS_VALUE: Words(
            "{where} proposes a value although no node got an answer",
            "let errors out of observe, and throw when there is no answer (if (!response.ok) throw new Error()): then "
            'the committee agrees on the error. If a value is meant, say so in check.toml: allow = ["error-as-value"]',
        ),
        Kind.BAD_VALUE: Words(
            "{where} proposes what its strategy does not take{why}",
            "median, min, max and trimmedMean take one number (a number, a Decimal, a plain decimal string), union, "
            "intersection, frequency and the common strategies an array of strings, fields an object with exactly its "
            "names, identical, mode and single text or bytes (of an object: JSON.stringify of an "
            "array of what you need): convert what the reply has, or take another strategy",
        ),
        Kind.OBSERVATION_FAILS: Words(
            '{where} fails with "{subject}" on the example replies{why}',
            "see it with `executor run --replies`; mend the closure, or the example replies",
        ),
        Kind.FRAGILE_READING: Words(
            '{where} fails with "{subject}" when the same reply is told differently{why}',
            "read replies with json() and Decimal.from, not by position or pattern: servers change how they write",
        ),
        Kind.OBSERVATION_TOO_LARGE: Words(
            "{where} proposes too many bytes",
            f"observe only what is needed, or its keccak256: the limit is {PROFILE.ceilings.observation_bytes} bytes",
        ),
        Kind.EXAMPLE_FAILS: Words(
            "the run fails on its own example: {why}",
            "see it with `executor run --replies`; an input that is meant to fail does not belong into check.toml",
        ),
        Kind.OUTPUT_TOO_LARGE: Words(
            "the output can exceed its limit: the run traps, and burns all fuel",
            "bound the output (cut or refuse what is too long), or raise limits.output_bytes in function.toml (now "
            "{output_bytes})",
        ),
        Kind.TOO_MANY_OBSERVATIONS: Words(
            "the number of observations can exceed its limit: the run traps, and burns all fuel",
            "observe a fixed number of times (fields carries several values in one), or raise limits.observations in "
            "function.toml (now {observations})",
        ),
        Kind.TRAP: Words(
            "the run traps: {why}",
            "check the input first and return an error of your own: a trap burns all fuel and says nothing",
        ),
        Kind.ENGINES_DIFFER: Words("one run has two outcomes: {why}", _REPORT_IT),
        Kind.NOT_ATTESTED: Words("a simulated committee did not attest: {why}", _REPORT_IT),
        Kind.UNBOUNDED_LOOP: Words(
            "{where}: a loop does not end, not even with {more} times {limit} ({budget:,})",
            "bound the loop, and refuse what would not end with an error of your own before it",
        ),
        Kind.OUT_OF_FUEL: Words(
            "{where} needs more than {limit} ({budget:,})",
            "raise {limit} in function.toml{needs}, or refuse what asks for so much work",
        ),
        Kind.NUMBERS_DIFFER: Words(
            "{differ}",
            "numbers move between two looks: observe the number by itself under `median` (with other parts: "
            "fields({{ price: median, … }}))",
        ),
        Kind.FLOATING_POINT: Words(
            "{differ}",
            "this is a double written out; its last digits follow every small difference: compute with Decimal, round "
            "to the digits you need (scaled), and use `median`",
        ),
        Kind.NUMBER_FORM: Words(
            "{differ}",
            "1.5 and 1.50 are one number and two texts: use `median`, or make one form of it "
            "(Decimal.from(x).scaled(8))",
        ),
        Kind.TIME: Words(
            "{differ}",
            "each node looks at another moment, so times in bodies and the Date header differ: leave them out of the "
            "observation; Date.now() and context.block_timestamp are the same on every node",
        ),
        Kind.REPLY_ID: Words(
            "{differ}",
            "ids are made anew for each request (in bodies, and headers such as x-request-id), and a median of them is "
            "no randomness: leave them out of the observation",
        ),
        Kind.ORDER: Words(
            "{differ}",
            "servers order and space JSON as they like: observe the fields you need with fields({{ … }}), or sort the "
            "keys before JSON.stringify",
        ),
    }
)
