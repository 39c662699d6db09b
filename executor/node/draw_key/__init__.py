"""An epoch's draw key on a node: made with the other members, kept, registered on chain (docs/randomness.md)."""
