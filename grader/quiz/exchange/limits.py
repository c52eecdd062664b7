"""Limits on imported files. Readers take time linear in the size of a file; these limits bound everything else."""

#: Bytes in one file. Real question banks are far smaller.
SIZE_LIMIT = 1 << 20

#: Questions in one file, and in all files that one command imports.
COUNT_LIMIT = 500

#: Answers to one question.
CHOICE_LIMIT = 100

#: Characters in one question, including its answers.
TEXT_LIMIT = 1 << 16

#: Notes on one file; beyond this, only their number is reported.
NOTE_LIMIT = 200

#: Unknown headings in one Markdown file: guessing their meaning is slow.
GUESS_LIMIT = 50

#: Nesting depth of XML elements.
DEPTH_LIMIT = 40

#: Bytes of a package (a zip with images), bytes of all XML in it, and its number of files.
PACKAGE_LIMIT = 16 << 20
UNPACKED_LIMIT = 4 << 20
MEMBER_LIMIT = 2000
