"""A program that shows a difference becomes a simple one that does."""

from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.fuzz.program import LIMIT
from grader.authoring.fuzz.shrink import TRIES, shrunk

number = st.integers(0, LIMIT - 1)
programs = st.tuples(number, st.lists(st.tuples(number, number, number, number, number), min_size=1, max_size=16))


@given(program=programs)
def test_what_does_not_matter_is_gone(program):
    """Of a difference that one large number makes, one move and that number are left."""

    def differs(candidate):
        return any(max(move) >= 40 for move in candidate[1])

    if differs(program):
        hardware, moves = shrunk(program, differs)

        assert hardware == 0
        assert sorted(*moves) == [0, 0, 0, 0, 40]


@given(program=programs)
def test_two_moves_that_are_needed_stay_in_their_order(program):
    """A write is of no use before its mmap."""

    def differs(candidate):
        verbs = [move[0] for move in candidate[1]]
        return 7 in verbs and 3 in verbs[verbs.index(7) :]

    hardware, moves = program
    wanted = hardware, [*moves, (7, 1, 2, 3, 4), (50, 0, 0, 0, 0), (3, 9, 9, 9, 9)]

    assert shrunk(wanted, differs) == (0, [(7, 0, 0, 0, 0), (3, 0, 0, 0, 0)])


def test_the_result_shows_a_difference_after_the_last_try():
    """A search ends, also where each try is dear and everything differs in some way."""
    tried = []

    def differs(candidate):
        tried.append(candidate)
        return sum(map(sum, candidate[1])) % 7 == 0 and len(candidate[1]) == 16

    moves = [(n, 63, 62, 61, 60) for n in range(16)]
    moves[0] = (-sum(map(sum, moves)) % 7, 63, 62, 61, 60)
    program = 63, moves
    found = shrunk(program, differs)

    assert differs(program) and differs(found)
    assert len(tried) <= TRIES + 2
    assert len({str(one) for one in tried[:-2]}) == len(tried) - 2
