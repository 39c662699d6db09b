"""Where the verbs find functions on disk."""

from executor.projects import MANIFEST_FILE, Project, function_of, load_function, load_project

__all__ = ["MANIFEST_FILE", "Project", "function_of", "load_function", "load_project"]
