"""Kernels in C: compiled to WebAssembly in a confined process, and run by the sandbox's worker."""
