"""What the tools know of JavaScript source: whether it stands alone, and where the lines of a bundle come from."""

from executor.javascript.imports import stands_alone
from executor.javascript.positions import Positions

__all__ = ["Positions", "stands_alone"]
