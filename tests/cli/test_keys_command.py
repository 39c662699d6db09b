"""executor keys: what a key has signed goes out and in; refusals are one line that says what to do."""

from __future__ import annotations

from pathlib import Path

from cli_types import Run

from executor.keys.keyset import create_keys
from executor.keys.record_schema import connect


def test_a_record_goes_out_once_and_in_again(executor: Run, tmp_path: Path) -> None:
    """The file is never overwritten; a final export is told apart from a backup; a missing set is named."""
    keys = tmp_path / "keys"
    create_keys(keys, "password", fast=True)
    assert executor("keys", "record", "export", keys, "backup.json").returncode == 0
    again = executor("keys", "record", "export", keys, "backup.json")
    assert (again.returncode, "File exists" in again.stderr) == (2, True)
    final = executor("keys", "record", "export", keys, "final.json", "--final")
    assert (final.returncode, "signs nothing here any more" in final.stdout) == (0, True)
    taken = executor("keys", "record", "import", keys, "final.json")
    assert (taken.returncode, "backup" in taken.stdout) == (0, False)
    assert "this is a backup" in executor("keys", "record", "import", keys, "backup.json").stdout
    missing = executor("keys", "record", "export", keys, "other.json", "--set", "set-09")
    assert (missing.returncode, "set-09" in missing.stderr) == (2, True)


def test_a_signer_that_is_not_there_is_said_in_one_line(executor: Run) -> None:
    """Exit code 3: this machine's fault, not the command's."""
    for verb in ("list", "lock"):
        done = executor("keys", verb, "--socket", "absent.sock")
        assert (done.returncode, done.stderr.count("\n"), "does not answer" in done.stderr) == (3, 1, True)


def test_a_record_that_a_running_signer_has_open_says_so(executor: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    create_keys(keys, "password", fast=True)
    opened = connect(keys / "record.sqlite3")
    opened.execute("BEGIN EXCLUSIVE")
    done = executor("keys", "record", "export", keys, "backup.json")
    opened.close()
    assert (done.returncode, "another process has it open; stop the signer" in done.stderr) == (3, True)


def test_a_password_file_that_everybody_may_read_is_refused(executor: Run, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o644)
    done = executor("keygen", "keys", "--password-file", "password")
    assert (done.returncode, "(mode 0644): chmod 0600 password" in done.stderr) == (2, True)
    assert not (tmp_path / "keys").exists()


def test_a_tilde_in_an_option_is_the_home_folder(executor: Run, tmp_path: Path) -> None:
    """Shells leave it in `--option=~/file`; so does compose."""
    home = {"HOME": str(tmp_path / "home")}
    done = executor("keys", "list", "--socket=~/run/signer.sock", env=home)
    assert f"the signer at {tmp_path}/home/run/signer.sock does not answer" in done.stderr
    nobody = executor("keys", "list", "--socket=~no-such-user-here/signer.sock")
    assert (nobody.returncode, "write the whole path" in nobody.stderr) == (2, True)
