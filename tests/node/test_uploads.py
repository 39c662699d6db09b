"""Who may upload: an account's signature over this router and function, and its standing on chain."""

import pytest

from executor.chain.accounts import dev_accounts
from executor.crypto.digests import keccak256
from executor.errors import ChainError, ChainUnavailable, UploadRefused
from executor.model.ids import Address, FunctionId
from executor.node.uploads import MAX_HEADER_BYTES, MAX_LIFE_S, UploadPolicy, UploadRules, parse_claim, sign_upload

NOW = 1_700_000_000
ROUTER, OTHER_ROUTER = Address(b"\x02" * 20), Address(b"\x03" * 20)
FUNCTION = FunctionId(keccak256(b"function"))
OWNER, STRANGER = dev_accounts()[:2]


class Paid:
    """A subscription."""

    def __init__(self, owner=OWNER.address, balance=1_000):
        self.owner, self.balance = owner, balance


class Chain:
    """Subscription 7 and no other."""

    def __init__(self, found=None):
        self.found, self.asked = found or Paid(), 0

    async def __call__(self, subscription):
        self.asked += 1
        if isinstance(self.found, Exception):
            raise self.found
        if subscription != 7:
            raise ChainError("subscriptionInfo: UnknownSubscription")
        return self.found


def header(account=OWNER, *, key=None, router=ROUTER, chain_id=1, function=FUNCTION, expires=NOW + 60, subscription=7):
    return sign_upload(
        key or account.private_key,
        account.address,
        chain_id=chain_id,
        router=router,
        function=function,
        expires=expires,
        subscription=subscription,
    )


def policy(chain=None, **rules):
    return UploadPolicy(UploadRules(1, ROUTER, **rules), chain or Chain(), lambda: NOW)


async def test_the_owner_of_a_subscription_with_enough_in_it_may_upload():
    claim = await policy(min_balance=1_000).check(header())
    assert (claim.account, claim.function_id) == (OWNER.address, FUNCTION)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "needs the header executor-upload"),
        ("", "not canonical JSON"),
        ("{}", "executor-upload"),
        ("x" * (MAX_HEADER_BYTES + 1), "limit|bytes"),
        (header().replace("7}", '7,"more":1}'), "executor-upload"),
        (header(router=OTHER_ROUTER), "the signature is not account"),
        (header(chain_id=2), "the signature is not account"),
        (header(key=STRANGER.private_key), "the signature is not account"),
        (header().replace(str(FUNCTION), str(keccak256(b"another"))), "the signature is not account"),
        (header().replace(str(NOW + 60), str(NOW + 61)), "the signature is not account"),
        (header(expires=NOW), "expired 0 s ago"),
        (header(expires=NOW - 500), "expired 500 s ago"),
        (header(expires=NOW + MAX_LIFE_S + 1), "valid for more than 3600 s"),
        (header().replace('"signature":"0x', '"signature":"0x00'), "the signature is not account"),
    ],
)
async def test_what_is_not_signed_for_here_is_refused_without_asking_the_chain(given, reason):
    """Before a byte of the body is read."""
    chain = Chain()
    with pytest.raises(UploadRefused, match=reason):
        await policy(chain).check(given)
    assert chain.asked == 0


@pytest.mark.parametrize(
    ("chain", "given", "reason"),
    [
        (Chain(), header(STRANGER), "subscription 7 is not account"),
        (Chain(), header(subscription=8), "UnknownSubscription"),
        (Chain(Paid(balance=999)), header(), "has 999 free, this node asks for 1000"),
    ],
)
async def test_an_account_without_standing_is_refused(chain, given, reason):
    with pytest.raises(UploadRefused, match=reason):
        await policy(chain, min_balance=1_000).check(given)


async def test_a_chain_that_does_not_answer_is_no_refusal():
    with pytest.raises(ChainUnavailable):
        await policy(Chain(ChainUnavailable("down"))).check(header())


async def test_a_listed_account_needs_no_subscription():
    chain = Chain()
    for allowed in ("subscribers", "listed"):
        listed = policy(chain, uploaders=allowed, accounts=frozenset({STRANGER.address}))
        assert (await listed.check(header(STRANGER))).account == STRANGER.address
    with pytest.raises(UploadRefused, match="none that this node's operator lists"):
        await listed.check(header(OWNER))
    assert chain.asked == 0


async def test_anyone_means_without_a_signature_and_never_with_a_false_one():
    """A claim decides whose quota is used."""
    open_to_all = policy(uploaders="anyone")
    assert await open_to_all.check(None) is None
    assert (await open_to_all.check(header(STRANGER))).account == STRANGER.address
    with pytest.raises(UploadRefused, match="the signature is not account"):
        await open_to_all.check(header(key=STRANGER.private_key))


def test_a_claim_is_small():
    """So that the limit on headers leaves no room for anything else."""
    assert len(header(expires=2**53 - 1, subscription=2**53 - 1)) < MAX_HEADER_BYTES
    assert parse_claim(header()).subscription == 7
