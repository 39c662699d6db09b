"""Secrets that owners put: kept for the epochs served, handed to the other members, opened for observe runs."""
