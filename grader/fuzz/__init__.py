"""Random legal scenarios in a lab's own words, and the search for one on which a kernel differs from the reference.

vocabulary.py   what a lab's scenarios use: verbs, machines, protections
program.py      random moves -> a scenario that the reference runs without a fault of its own
search.py       the search, made short by Hypothesis, and the author's proofs
"""
