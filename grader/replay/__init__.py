"""Scenario and kernel -> records. `simulated` runs kernels on the simulated machine."""
