"""Read and write quizzes in the formats of other systems. Each module handles one format and exchanges items (item.py).

A writer returns its output, and lines that say what the format cannot hold. A reader returns items, and notes on what
it repaired, was unsure about or left out, with file and line.
"""
