"""The names and arguments of other libraries, as expressions of this one. No module here imports its peer."""
