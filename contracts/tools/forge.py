"""Runs forge from npm on contracts/ with solc from npm, offline: `forge.py test`, `forge.py build`, ….

Gas snapshots (contracts/snapshots) are compared; `FORGE_SNAPSHOT_CHECK=false forge.py test` writes them.
The dev profile, whose gas is not the product's, does neither.
"""

import os
import subprocess
import sys

import npm


def main(arguments: list[str]) -> None:
    forge = npm.tool("forge")
    shipped = os.environ.get("FOUNDRY_PROFILE", "default") != "dev"
    environment = {
        "FORGE_SNAPSHOT_CHECK": "true" if shipped else "false",
        "FORGE_SNAPSHOT_EMIT": "true" if shipped else "false",
        **npm.environment(),
        "FOUNDRY_SOLC": str(npm.HOME / "tools" / "solc"),
    }
    done = subprocess.run([str(forge), *arguments], cwd=npm.HOME, env=environment, check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1:] or ["test"])
