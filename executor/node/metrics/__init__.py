"""What a node tells Prometheus (docs/operations.md has every name and the alerts on them).

Rule 1. Labels are few and bounded: members by index, endpoints by place, kinds and reasons from closed or capped sets;
        never a request, a function, an address or text from outside.
Rule 2. Nothing depends on metrics: they listen to events and read objects, and hold nobody up.
"""
