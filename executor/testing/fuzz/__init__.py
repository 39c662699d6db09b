"""Fuzzing of the machine: generated guests on every engine beside every other, and damaged modules for the loader."""
