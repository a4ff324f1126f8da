"""Compiled kernels; each has a torch twin that is its oracle and its path on other devices."""
