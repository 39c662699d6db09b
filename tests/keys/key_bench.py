"""What tests of keys share: a journal's word about itself that every fresh record agrees with."""

from executor.keys.standing import JournalMark

JOURNAL = b"j" * 16
MARK = JournalMark(JOURNAL, 1, 0, 0)
