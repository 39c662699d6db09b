"""The part of a node that brings attestations on chain; trusted for nothing but its turn."""
