"""Runs forge from npm on contracts/ with solc from npm, offline: `forge.py test`, `forge.py build`, ….

Gas snapshots (contracts/snapshots) are compared; `FORGE_SNAPSHOT_CHECK=false forge.py test` writes them.
"""

import subprocess
import sys

import npm


def main(arguments: list[str]) -> None:
    forge = npm.tool("forge")
    environment = {
        "FORGE_SNAPSHOT_CHECK": "true",
        **npm.environment(),
        "FOUNDRY_SOLC": str(npm.HOME / "tools" / "solc"),
    }
    done = subprocess.run([str(forge), *arguments], cwd=npm.HOME, env=environment, check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1:] or ["test"])
