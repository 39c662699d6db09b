"""Hypothesis draws the same examples in every run of continuous integration; people's runs look further."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
