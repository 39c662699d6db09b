"""What starts runs without requests: registrations as the chain has them, ticks, logs and POSTs (docs/triggers.md)."""
