"""What a devnet consists of, for people."""

from __future__ import annotations

from executor.demos.story import Story
from executor.testing.devnet import Devnet
from executor.testing.exchanges import RELAYS


def describe_network(story: Story, devnet: Devnet) -> None:
    """Chain, contracts, committee, processes."""
    deployment, epoch = devnet.deployment, devnet.epoch
    story.line("chain", f"{devnet.settings.chain}, chain id {deployment.chain_id}, {devnet.chain.url}")
    story.line("contracts", f"router {deployment.router}, committee {deployment.committee}")
    story.line("registries", f"functions {deployment.functions}, triggers {deployment.triggers}")
    if devnet.settings.committee_draws:
        story.line("beacon", f"{deployment.beacon}, where the committee registers its draw key")
    verifiers = ", ".join(f"{each.scheme} {each.address}" for each in deployment.verifiers)
    story.line("verifiers", verifiers)
    story.line("consumer", f"PriceConsumer {deployment.consumer}, paid for by subscription {deployment.subscription}")
    story.line(
        "committee",
        f"n = {epoch.n}, f = {epoch.f}, quorum {epoch.quorum}; keys with proof of possession, checked on chain",
    )
    story.line("", f"rounds of {epoch.round_length_s} s: the aggregator's role goes round")
    for node in devnet.nodes:
        node_pid = node.node.pid if node.node else 0
        signer_pid = node.signer.pid if node.signer else 0
        story.line(f"node {node.index}", f"{node.url}  process {node_pid}, signer process {signer_pid}")
    for name, address in sorted(devnet.overrides.items()):
        kind = "exchange" if name.startswith("exchange") else "drand relay" if name in RELAYS else "provider"
        story.line(kind, f"http://{name} at {address}")
