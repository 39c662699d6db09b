"""What `executor doctor` looks at before and while a node runs (docs/operations.md).

Rule 1. Nothing is changed: no file with a name is written, no transaction sent, no signature made.
Rule 2. Every check has an end: what does not answer in CHECK_S is a finding of its own.
Rule 3. A finding is one line: how it is, and where it is not well, what to do.
"""
