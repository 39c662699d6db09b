"""A node that took over, and names members of its own for an epoch before its signer heard of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from share_bench import MARK, Signers, epoch_of, keys_of, make_key, plan_of

from executor.errors import InvalidValue
from executor.keys.sealing import seal_share, unseal_share
from executor.model.committee import Epoch
from executor.protocol.dealings import Dealing
from executor.protocol.key_plan import resharing_context

OWN = (7, 8, 9)


@pytest.fixture
def signers(tmp_path: Path) -> Iterator[Signers]:
    """Four, over fresh records."""
    made = Signers(tmp_path)
    yield made
    made.close()


def sealed_anew(dealing: Dealing, invented: Epoch, real: Epoch) -> Dealing:
    """What was dealt to the invented members, for the real ones: whoever reads a share can seal it to anybody."""
    before, after = (resharing_context(epoch, dealing.dealer) for epoch in (invented, real))
    boxes = [dealing.sealed[0]]
    for member, own in zip(real.members[1:], OWN, strict=True):
        share = unseal_share(keys_of(own).encryption, dealing.sealed[member.index]).removeprefix(before)
        boxes.append(seal_share(member.encryption_key, after + share))
    return replace(dealing, sealed=tuple(boxes))


async def test_whoever_invents_members_gets_no_part_of_the_real_key(signers: Signers) -> None:
    """They would release what they like. The real members take the dealing, and make a key of which it knows nothing:
    what they dealt to it is for members that it does not have."""
    invented = epoch_of([keys_of(0), *map(keys_of, OWN)])
    captured, *others = signers.calls
    dealt = (await captured.deal_shares(invented, plan_of(invented, 0), MARK)).dealing
    assert dealt is not None
    made = [sealed_anew(dealt, invented, signers.epoch)]
    for index, calls in enumerate(others, 1):
        dealing = (await calls.deal_shares(signers.epoch, plan_of(signers.epoch, index), MARK)).dealing
        assert dealing is not None
        made.append(dealing)
    assert all([await calls.judge_dealing(signers.epoch.identity, made[0]) for calls in others])
    assert not any([await captured.judge_dealing(invented.identity, dealing) for dealing in made[1:]])
    with pytest.raises(InvalidValue, match="is not good"):
        await captured.open_share(invented.identity, tuple(made), MARK)


async def test_who_keeps_a_members_key_and_not_its_signer_is_new(signers: Signers) -> None:
    """He would state what he likes in their place, have the signer's part of any draw by the shares dealt anew, and of
    that and the one share dealt to a stranger its part by the old share: no q members released it."""
    made = await make_key(signers.epoch, dict(enumerate(signers.calls)))
    first, _, *others = signers.epoch.members
    stranger = replace(epoch_of([keys_of(20)]).members[0], index=1)
    posing = [replace(member, signer=keys_of(20 + member.index).public.signer) for member in others]
    invented = replace(signers.epoch, number=2, members=(first, stranger, *posing))
    with pytest.raises(InvalidValue, match="have a fresh key made"):
        await signers.calls[0].deal_shares(invented, plan_of(invented, 0, made.shares), MARK)
