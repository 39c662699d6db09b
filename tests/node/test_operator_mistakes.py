"""What an operator got wrong is named, with what to do; nothing of it is a traceback."""

import pytest

from executor.compose import make_data_folder
from executor.errors import HostFault, InvalidConfig, StoreError
from executor.model.ids import RequestId
from executor.model.profile import PROFILE
from executor.node.receipts import ReceiptFiles
from executor.worker.cache import CodeCache

KEY = RequestId(bytes(32))


def test_a_data_folder_that_cannot_be_is_named(tmp_path):
    """A file stands there, or a parent is none."""
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(InvalidConfig, match=r"data = .*cannot be made: .*name a folder in `data`"):
            make_data_folder(place)
    make_data_folder(tmp_path / "new" / "data")
    make_data_folder(tmp_path / "new" / "data")


def test_a_folder_of_compiled_code_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "compiled"):
        with pytest.raises(HostFault, match=r"the folder of compiled code, .*file.*, cannot be used"):
            CodeCache(place, PROFILE)


def test_a_disk_that_takes_no_receipt_ends_the_node_in_words(tmp_path):
    """The attestation is journaled, and told again after the restart."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"cannot write .*file.*; mend the disk"):
        ReceiptFiles(tmp_path / "file")
    files = ReceiptFiles(tmp_path / "receipts")
    (tmp_path / "receipts").rmdir()
    (tmp_path / "receipts").write_text("x")
    with pytest.raises(StoreError, match=r"cannot write .*0x0000.*; mend the disk"):
        files.keep(KEY, None)
