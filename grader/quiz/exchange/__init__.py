"""Quizzes from and to what other systems read. Each module is one format; between them stand items (item.py).

A writer returns what it wrote and what the format could not hold; a reader returns items and what it repaired, doubted
or left out. Both lists are lines for a person; a reader's have file and line.
"""
