"""Digests and signatures; pure."""
