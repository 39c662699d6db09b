"""Use cases played on a devnet, one module each: what `executor demo NAME` shows and end-to-end tests assert.

A module has NAME, a line ABOUT it, and `async def play(stage: Stage) -> bool`; executor/demos/plays.py lists them.
"""
