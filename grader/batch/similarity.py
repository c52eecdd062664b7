"""Find submissions whose kernels are built alike: fingerprints of their structure, compared pair by pair.

The method is winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD
2003), which Moss and compare50 use too. compare50 pins attrs to 20.3, so it cannot be installed with jsonschema, and
copydetect brings numpy and matplotlib, so the method is written out here, on the tokens of Python's own tokenizer.

Kernels in C are read in the same way (c_tokens.py), and compared with each other only.

    kernel text -> tokens of each function -> fingerprints -> weights by rarity -> pairs and groups

Comments, docstrings, layout, the students' own names, numbers and texts, and the order of methods do not count. The
words of the stub do: they are the interface. What the stub and other given code contain is taken out of every kernel.

What a pair means: two kernels share an unusual part of their structure. It cannot tell who wrote it first, or whether
both took it from a third place; and two short kernels written from one handout may be alike by chance. It does not find
a kernel that was rewritten statement by statement. A person has to look at the two texts.

A submission is never parsed or compiled here, only tokenized: Python's parser can be made to crash.
"""

from __future__ import annotations

import contextlib
import io
import keyword
import re
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from math import log
from typing import NamedTuple, Protocol

from grader.batch import c_tokens

#: Tokens in one fingerprint, and neighbouring fingerprints of which the smallest is kept. A shared run of
#: SPAN + WINDOW - 1 tokens (three or four lines) is always found.
SPAN, WINDOW = 12, 6

#: Fingerprints that a kernel needs besides the given code before it is compared: below this, chance decides.
ENOUGH = 8

#: Share of the rarer kernel's weight that both must have in common to be named.
ALIKE = 0.7

#: A fingerprint that more than this share of the class has (and more than COMMON_LEAST kernels) is the usual solution.
COMMON_SHARE, COMMON_LEAST = 0.15, 6

#: Kernels, groups counted once, that a fingerprint may link: it bounds the work in a class of thousands.
LINKED = 60

#: Functions whose fingerprints are remembered while the kernels of a class are read.
PARTS = 10_000

#: Wrong signatures that at most this many students of the class have are rare.
RARE = 3

#: Where a text is cut: a function read by itself has the same tokens as in its place.
_BEFORE_FUNCTION = re.compile(r"^(?=[ \t]*(?:def|class)\b)", re.MULTILINE)

_MARGINS = {tokenize.tok_name[tokenize.INDENT], tokenize.tok_name[tokenize.DEDENT]}

_DROPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}


class Pair(NamedTuple):
    """Two submissions that are alike.

    share      of the weight of the one with less weight that both have, 0 to 1
    signatures scenarios that both fail in the same way, which few others of the class do
    """

    first: str
    second: str
    share: float
    signatures: tuple[str, ...]


class Likeness(NamedTuple):
    """Holds what was found in a class.

    groups    submissions with the same structure throughout, two or more in each, largest group first
    pairs     other pairs, most alike first; of a group only its first member takes part
    compared  submissions that had enough structure of their own to be compared
    usual     those of them, in no group and no pair, that consist mostly of the usual solution
    """

    groups: list[list[str]]
    pairs: list[Pair]
    compared: int
    usual: int = 0


class Group(NamedTuple):
    """Kernels that are connected by pairs: each is like another one of the group, not like all of them.

    members  ids, sorted
    same     sets of members with the same structure throughout
    pairs    the other pairs, most alike first
    """

    members: list[str]
    same: list[list[str]]
    pairs: list[Pair]


def connected(found: Likeness) -> list[Group]:
    """Return the connected groups of what was found: those with a shared rare failure first, then the largest."""
    group_of: dict[str, set[str]] = {}
    for ids in [*found.groups, *((pair.first, pair.second) for pair in found.pairs)]:
        joined = set().union(*(group_of.get(id, {id}) for id in ids))
        group_of.update(dict.fromkeys(joined, joined))
    groups = {min(members): Group(sorted(members), [], []) for members in group_of.values()}
    for ids in found.groups:
        groups[min(group_of[ids[0]])].same.append(ids)
    for pair in found.pairs:
        groups[min(group_of[pair.first])].pairs.append(pair)
    rare = {name: any(pair.signatures for pair in group.pairs) for name, group in groups.items()}
    return [
        groups[name] for name in sorted(groups, key=lambda name: (not rare[name], -len(groups[name].members), name))
    ]


def together(parts: Iterable[Likeness]) -> Likeness:
    """Return what was found in several parts of a class, such as its kernels in Python and those in C."""
    found = list(parts)
    groups = sorted((group for part in found for group in part.groups), key=lambda ids: (-len(ids), ids))
    pairs = sorted((pair for part in found for pair in part.pairs), key=_order)
    return Likeness(groups, pairs, sum(part.compared for part in found), sum(part.usual for part in found))


def _order(pair: Pair) -> tuple[float, int, str, str]:
    return -pair.share, -len(pair.signatures), pair.first, pair.second


def find_alike(
    kernels: Mapping[str, str],
    given: Iterable[str],
    signatures: Mapping[str, Mapping[str, str]] | None = None,
    language: str = "python",
) -> Likeness:
    """Compare the kernels of a class that are in one language, id -> source text.

    given       texts that everybody was given: the stub, earlier stubs, listings of the handout
    signatures  id -> scenario -> how it failed there, as recorded with an attempt
    """
    marked = Marked(given, language)
    for id, text in kernels.items():
        marked.add(id, text)
    return marked.alike(signatures or {})


class Marked:
    """The kernels of a class that are in one language, by their fingerprints: their texts are not kept."""

    def __init__(self, given: Iterable[str], language: str) -> None:
        texts = list(given)
        self._fingerprints = fingerprints_for(texts, language)
        self._given = frozenset(mark for text in texts for mark in self._fingerprints.of(text))
        self._marks: dict[str, frozenset[int]] = {}
        self._sets: dict[frozenset[int], frozenset[int]] = {}  # of kernels with the same structure, one

    def add(self, id: str, text: str) -> None:
        """Add a kernel; one with too little of its own is left out."""
        own = self._fingerprints.of(text) - self._given
        if len(own) >= ENOUGH:
            self._marks[id] = self._sets.setdefault(own, own)

    def alike(self, signatures: Mapping[str, Mapping[str, str]]) -> Likeness:
        """Return which of the kernels are alike. signatures: as in `find_alike`."""
        groups, left = _same(self._marks)
        having = Counter(mark for own in self._marks.values() for mark in own)
        pairs = _pairs(left, len(self._marks), having)
        shared = _shared_signatures(signatures)
        named = [Pair(a, b, share, tuple(shared.get((a, b), ()))) for a, b, share in pairs]
        named.sort(key=_order)
        return Likeness(groups, named, len(self._marks), self._mostly_usual(having, groups, named))

    def _mostly_usual(self, having: Counter[int], groups: list[list[str]], pairs: list[Pair]) -> int:
        """Count the kernels, of those in no group and no pair, of whose fingerprints ALIKE are the usual solution."""
        named = {id for ids in [*groups, *((pair.first, pair.second) for pair in pairs)] for id in ids}
        common = _common(len(self._marks))
        usual = {mark for mark, number in having.items() if number > common}
        return sum(len(own & usual) >= ALIKE * len(own) for id, own in self._marks.items() if id not in named)


class Marker(Protocol):
    """Makes the fingerprints of kernels in one language."""

    def of(self, text: str) -> frozenset[int]:
        """Return the fingerprints of a kernel."""


def fingerprints_for(given: Iterable[str], language: str) -> Marker:
    """Return what makes fingerprints in a language. given: texts whose words are the interface."""
    if language == "c":
        return CFingerprints({word for text in given for word in c_tokens.interface(text)})
    return Fingerprints({word for text in given for word in _interface(text)})


class CFingerprints:
    """Makes fingerprints of kernels in C. words: names that count, all others are one and the same."""

    def __init__(self, words: set[str]) -> None:
        self._words = words

    def of(self, text: str) -> frozenset[int]:
        """Return the fingerprints of a kernel."""
        return frozenset(mark for function in c_tokens.functions(text, self._words) for mark in _winnowed(function))


def _winnowed(function: list[str]) -> Iterator[int]:
    """Yield the fingerprints of a function."""
    hashes = [zlib.crc32("\0".join(function[i : i + SPAN]).encode()) for i in range(len(function) - SPAN + 1)]
    yield from (min(hashes[i : i + WINDOW]) for i in range(max(1, len(hashes) - WINDOW + 1)) if hashes)


class Fingerprints:
    """Makes fingerprints of kernels in Python. Most functions of a class are alike to the letter; each is read once.

    words  names that count, all others are one and the same
    """

    def __init__(self, words: set[str]) -> None:
        self._words = words
        self._of_part: dict[str, frozenset[int]] = {}

    def of(self, text: str) -> frozenset[int]:
        """Return the fingerprints of a kernel."""
        try:
            return frozenset().union(*map(self._part, _BEFORE_FUNCTION.split(text)))
        except _NotPython:
            # Either all of it is not, or what looks like a function is a line of a text.
            return frozenset(self._read(_up_to_an_error(text)))

    def _part(self, part: str) -> frozenset[int]:
        if part not in self._of_part:
            if len(self._of_part) >= PARTS:
                self._of_part.clear()
            self._of_part[part] = frozenset(self._read(_tokens(part)))
        return self._of_part[part]

    def _read(self, tokens: Iterable[tokenize.TokenInfo]) -> Iterator[int]:
        for function in _functions(tokens, self._words):
            yield from _winnowed(function)


def _interface(text: str) -> Iterator[str]:
    """Yield the names that a given text calls, defines or imports: `x.NAME`, `def NAME`, `class NAME`, `import NAME`.

    Names of parameters and variables are not among them: a student can rename those.
    """
    before = ""
    importing = False
    for token in _up_to_an_error(text):
        importing = token.string == "import" or (importing and token.type != tokenize.NEWLINE)
        if token.type == tokenize.NAME and (importing or before in (".", "def", "class")):
            yield token.string
        before = token.string


class _NotPython(Exception):
    """A text has a place that is not Python."""


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of a text. Raises _NotPython at the first place that is not Python."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError, ValueError) as error:
        raise _NotPython from error


def _up_to_an_error(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens of a text up to the first place that is not Python."""
    with contextlib.suppress(_NotPython):
        yield from _tokens(text)


def _functions(tokens: Iterable[tokenize.TokenInfo], words: set[str]) -> Iterator[list[str]]:
    """Yield the plain tokens of each function, so that no fingerprint depends on the order of methods."""
    function: list[str] = []
    first = True  # at the first token of a statement, where a text is a docstring or stands for nothing
    for token in tokens:
        if token.type in _DROPPED:
            first = first or token.type == tokenize.NEWLINE
            continue
        if token.type == tokenize.STRING and first:
            continue
        if token.type == tokenize.NAME and token.string in ("def", "class"):
            yield _without_margins(function)
            function = []
        function.append(_plain(token, words))
        first = token.type in (tokenize.INDENT, tokenize.DEDENT)
    yield _without_margins(function)


def _without_margins(function: list[str]) -> list[str]:
    """Return a function without the indentation around it, which depends on where it stands."""
    inner = [n for n, token in enumerate(function) if token not in _MARGINS]
    return function[inner[0] : inner[-1] + 1] if inner else []


def _plain(token: tokenize.TokenInfo, words: set[str]) -> str:
    """Return what counts of a token."""
    if token.type == tokenize.NAME:
        return token.string if keyword.iskeyword(token.string) or token.string in words else "name"
    if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NUMBER, tokenize.STRING):
        return tokenize.tok_name[token.type]
    return token.string


def _same(marks: dict[str, frozenset[int]]) -> tuple[list[list[str]], dict[str, frozenset[int]]]:
    """Return the groups with equal fingerprints, and one kernel of each group and all others."""
    by_marks: defaultdict[frozenset[int], list[str]] = defaultdict(list)
    for id in sorted(marks):
        by_marks[marks[id]].append(id)
    groups = sorted((ids for ids in by_marks.values() if len(ids) > 1), key=lambda ids: (-len(ids), ids))
    return groups, {ids[0]: own for own, ids in by_marks.items()}


def _common(count: int) -> float:
    """Return how many of a number of kernels may have a fingerprint that is not the usual solution."""
    return max(COMMON_LEAST, COMMON_SHARE * count)


def _pairs(marks: dict[str, frozenset[int]], count: int, having: Counter[int]) -> Iterator[tuple[str, str, float]]:
    """Yield the pairs that are alike, with their share."""
    common = _common(count)
    weight = {mark: log((count + 1) / number) for mark, number in having.items() if number <= common}
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for id in sorted(marks):
        for mark in marks[id] & weight.keys():
            holders[mark].append(id)
    together: defaultdict[tuple[str, str], float] = defaultdict(float)
    for mark in sorted(mark for mark, ids in holders.items() if len(ids) <= LINKED):
        for pair in combinations(holders[mark], 2):
            together[pair] += weight[mark]
    # The usual solution counts a little, so that one rare line among thirty common ones makes no pair.
    usual = min(weight.values(), default=0.0) / 4
    total = {id: sum(weight.get(mark, usual) for mark in sorted(own)) for id, own in marks.items()}
    for (a, b), shared in together.items():
        usual_shared = usual * sum(mark not in weight for mark in marks[a] & marks[b])
        share = (shared + usual_shared) / min(total[a], total[b])
        if share >= ALIKE:
            yield a, b, min(share, 1.0)


def _shared_signatures(signatures: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Return, for each pair, the scenarios that both fail alike and at most RARE students of the class do."""
    having: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for id in sorted(signatures):
        for scenario, signature in signatures[id].items():
            if signature:
                having[scenario, signature].append(id)
    shared: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (scenario, _), ids in sorted(having.items()):
        if 2 <= len(ids) <= RARE:
            for pair in combinations(ids, 2):
                shared[pair].append(scenario)
    return shared
