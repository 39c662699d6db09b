"""The EVM side: events into requests, attestations into transactions, and chains to develop on."""
