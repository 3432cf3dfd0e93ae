"""What worked: shares are told only where there are enough, and a difference only where chance does not explain it."""

from __future__ import annotations

from datetime import timedelta

from portal.domain.learning import ENOUGH, Tally, best, brings_hardly_anything, differs, tally

HOUR = timedelta(hours=1)


def test_a_tally_counts_and_tells_the_middle_case_in_whole_days() -> None:
    assert tally(9, [30 * HOUR, 3 * HOUR, 80 * HOUR]) == Tally(9, 3, 1)
    assert tally(4, []) == Tally(4, 0, None)


def test_under_thirty_nothing_is_concluded() -> None:
    assert Tally(ENOUGH - 1, 20).hundredths is None and Tally(40, 17).hundredths == 42
    assert not differs(Tally(29, 29), Tally(1000, 0))
    assert best([Tally(29, 29), Tally(29, 0)]) is None


def test_a_difference_must_be_larger_than_chance() -> None:
    assert differs(Tally(100, 60), Tally(100, 40)) and differs(Tally(100, 40), Tally(100, 60))
    assert not differs(Tally(100, 50), Tally(100, 45))
    assert not differs(Tally(100, 0), Tally(100, 0)) and not differs(Tally(100, 100), Tally(100, 100))
    assert best([Tally(100, 40), Tally(100, 60)]) == 1
    assert best([Tally(100, 50), Tally(100, 52), Tally(100, 49)]) is None


def test_a_step_that_brings_hardly_anything_is_noticed_once_there_are_enough() -> None:
    assert brings_hardly_anything(Tally(60, 2)) and not brings_hardly_anything(Tally(20, 0))
    assert not brings_hardly_anything(Tally(60, 4))
