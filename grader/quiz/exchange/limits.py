"""How much an imported file may hold. Readers are linear in the size of a file; these limits bound the rest."""

#: Bytes of one file. No course's question bank that we know of comes near it.
SIZE_LIMIT = 1 << 20

#: Questions of one file, and of everything that one command imports.
COUNT_LIMIT = 500

#: Answers of one question: nobody reads through more.
CHOICE_LIMIT = 100

#: Characters of one question, all of its answers included.
TEXT_LIMIT = 1 << 16

#: Remarks on one file; after these, only their number is given.
NOTE_LIMIT = 200

#: Headings of one Markdown file whose meaning has to be guessed, which is slow.
GUESS_LIMIT = 50

#: Elements that may be open at once in XML.
DEPTH_LIMIT = 40

#: Bytes of a package (a zip with images in it), of all the XML in it, and its files.
PACKAGE_LIMIT = 16 << 20
UNPACKED_LIMIT = 4 << 20
MEMBER_LIMIT = 2000
