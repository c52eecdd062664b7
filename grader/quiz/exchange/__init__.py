"""Read and write quizzes in formats of other systems. Each module is one format; between them stand items (item.py).

A writer returns what it wrote and what the format cannot hold. A reader returns items and notes: what it repaired,
doubted or left out, with file and line. Both are lines for a person.
"""
