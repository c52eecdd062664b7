"""Quizzes for tests: a question of every type, and a quiz of the real copy-on-write lab with variants."""

from __future__ import annotations

from hypothesis import strategies as st

#: Appended to tests.labs.QUIZ.
MORE = """  - id: shared
    type: multiple
    points: 2
    text: What stays shared?
    choices:
      - {id: code, text: Code, right: true, why: Nobody writes it.}
      - {id: constants, text: Constants, right: true, why: Nobody writes them.}
      - {id: heap, text: Heap, right: false, why: It is written.}
  - id: steps
    type: order
    points: 1
    text: In which order?
    choices:
      - {id: allocate, text: Allocate, right: 1, why: It can fail.}
      - {id: copy, text: Copy, right: 2, why: Before it is seen.}
      - {id: map, text: Map, right: 3, why: Last.}
  - id: kinds
    type: match
    points: 2
    text: Which kind?
    choices:
      - {id: first, text: First write, right: minor, why: No disk.}
      - {id: file, text: File, right: major, why: The disk.}
  - id: word
    type: text
    points: 1
    text: What is it called?
    answer: [page table entry, PTE]
    distractors:
      - {value: page table, why: That is the whole of it.}
  - id: about
    type: number
    points: 1
    text: How many?
    tolerance: 0.5
    answer: 2.5
    why: Half of five.
    distractors:
      - {value: 5, why: That is all of them.}
"""

#: A quiz of labs/copy-on-write: variants with a scenario of the question's own, and computed choices.
VARIED = """format: 1
title: Variants
questions:
  - id: copies
    type: number
    points: 1
    unit: copies
    parameters: {pages: [4, 8, 6]}
    text: P writes {pages} pages and forks C; C writes {pages // 2} of them. How many copies?
    answer:
      scenario:
        machine: {frames: 32}
        processes: [P]
        steps:
          - mmap:  {by: P, name: h, pages: "{pages}"}
          - write: {by: P, at: h, value: 1}
          - fork:  {by: P, child: C}
          - write: {by: C, at: "h[0:{pages // 2}]", value: 2}
      after: 4
      observe: copies
  - id: offered
    type: single
    points: 1
    unit: copies
    text: How many frames are copied in `fork-faults`?
    answer: {scenario: fork-faults, after: 7, observe: copies}
    distractors: [eager_fork, always_copy, {value: 3, why: Nobody can count to three.}]
  - id: sum
    type: number
    points: 1
    text: How many faults of the parent make no copy?
    answer:
      expression: faults - copies
      of:
        faults: {scenario: fork-faults, after: 7, process: parent, observe: faults}
        copies: {scenario: fork-faults, after: 7, process: parent, observe: copies}
      key: 2048
"""


def told(notes):
    return [str(note) for note in notes]


def shape(item):
    """What every choice format can hold of an item."""
    return item.kind, item.text, [(o.text, o.right, o.why) for o in item.options]


#: Texts full of signs that formats give a meaning.
WORDS = st.text(alphabet="ab ={}~#:\\/\n%-[]>*_`$.é\x07", min_size=1, max_size=12).map(str.strip).filter(bool)
