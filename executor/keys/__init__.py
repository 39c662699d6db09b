"""Keystores, the signer process and its double-sign record (K1)."""
