"""The compiled core of the machine: its source, and what builds it (README.md)."""
