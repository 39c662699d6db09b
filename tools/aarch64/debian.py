"""Packages of Debian, mostly for arm64: this machine's own apt fetches them, without root and without installing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEEDED_PROGRAMS = ("apt-get", "dpkg-deb", "tar")


class NotDebian(Exception):
    """This machine cannot do it at all: there is no apt here, or its processor is another one."""


class SetupFailed(Exception):
    """This machine could do it, but a mirror, an index or a package is missing."""


def check_machine(processor: str) -> None:
    """Raises NotDebian naming what this machine lacks."""
    release = Path("/etc/os-release")
    names = release.read_text(encoding="utf-8") if release.exists() else ""
    if "ID=debian" not in names.splitlines():
        raise NotDebian("the arm64 machine is made of Debian's packages; this is not Debian")
    if processor != "x86_64":
        raise NotDebian(f"the emulator is for x86-64 machines; this is {processor}")
    for program in NEEDED_PROGRAMS:
        if shutil.which(program) is None:
            raise NotDebian(f"{program} is missing")


@dataclass(frozen=True, slots=True)
class Apt:
    """An apt with a state of its own in a folder: the machine's sources and keys, but arm64 and nothing installed."""

    folder: Path
    architecture: str = "arm64"

    def update(self) -> None:
        """Fetch the indexes of its architecture, and of amd64 for the emulator."""
        for name in ("lists/partial", "archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").write_bytes(b"")
        self._run("update")

    def unpack(self, packages: tuple[str, ...], root: Path) -> list[str]:
        """Fetch arm64 packages with all they depend on and unpack them into a root; the packages' file names."""
        self._run("install", "--download-only", "--yes", *packages)
        archives = sorted((self.folder / "archives").glob("*.deb"))
        root.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
        return [archive.name for archive in archives]

    def download(self, packages: tuple[str, ...], folder: Path) -> list[Path]:
        """Fetch packages, and nothing they depend on, into a folder."""
        self._run("download", *packages, cwd=folder)
        return sorted(folder.glob("*.deb"))

    def extract(self, package: str, member: str, target: Path) -> str:
        """Fetch one package for this processor and extract one file of it; the package's file name."""
        work = self.folder / "single"
        work.mkdir()
        self._run("download", f"{package}:amd64", cwd=work)
        (archive,) = work.glob("*.deb")
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as unpacking:
            found = subprocess.run(["tar", "--extract", f"--directory={work}", f"./{member}"], stdin=unpacking.stdout)
        if found.returncode != 0:
            raise SetupFailed(f"{archive.name} has no {member}")
        (work / member).rename(target)
        return archive.name

    def _run(self, *arguments: str, cwd: Path | None = None) -> None:
        options = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": "",
            "APT::Architectures::": "amd64",
            "APT::Install-Recommends": "0",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Debug::NoLocking": "1",
            "Dir::Cache": str(self.folder),
            "Dir::State": str(self.folder),
            "Dir::State::lists": f"{self.folder}/lists",
            "Dir::State::status": f"{self.folder}/status",
        }
        command = ["apt-get", "-qq"]
        for name, value in options.items():
            command += ["--option", f"{name}={value}"]
        command += ["--option", f"APT::Architectures::={self.architecture}", *arguments]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
        if done.returncode != 0:
            raise SetupFailed(
                f"apt-get {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}\n"
                "Is there a network, and do this machine's apt sources name a Debian mirror that has "
                f"{self.architecture}?"
            )
