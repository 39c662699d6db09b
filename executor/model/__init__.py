"""Frozen values: what everything else speaks about."""
