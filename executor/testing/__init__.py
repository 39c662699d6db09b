"""Public tools for users and tests: local networks, named faults, committees in memory."""
