"""A lost journal or a rolled-back signer's record does not start a node."""

import pytest

from executor.errors import StoreError
from executor.node.continuity import check_continuity
from executor.store.journal import Journal


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite3")
    yield journal
    journal.close()


def test_a_first_start_and_later_ones_are_let_through(journal):
    for counter in (0, 0, 5, 5, 9):
        check_continuity(journal, counter)


def test_a_new_journal_beside_a_signer_that_has_promised_is_refused(journal):
    """Also on the second try: nothing was remembered."""
    for _ in range(2):
        with pytest.raises(StoreError, match="journal is new"):
            check_continuity(journal, 1)


def test_a_record_that_holds_less_than_before_is_refused(journal):
    check_continuity(journal, 0)
    check_continuity(journal, 7)
    for _ in range(2):
        with pytest.raises(StoreError, match="rolled back"):
            check_continuity(journal, 6)
    check_continuity(journal, 7)
