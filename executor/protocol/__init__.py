"""The rules of the committee as state machines without I/O (docs/protocol.md). Start at member.py."""
