"""One member's process: wires adapters to the protocol machine and decides nothing itself."""
