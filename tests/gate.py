"""`make test`: every test that needs only Python, in two runs: the pure rooms with their branches
counted (100 % is the house rule there), everything else on all cores."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
COVERED = ("protocols", "neutral", "toolcalls", "routing", "policy")
COUNTED = ("protocols", "neutral", "toolcalls", "routing", "reasoning", "policy", "conversions")


def run(*command: str) -> int:
    """A Python module's exit status."""
    return subprocess.run([sys.executable, "-m", *command], check=False).returncode


def main() -> int:
    counted = [str(TESTS / room) for room in COUNTED if (TESTS / room).is_dir()]
    others = [f"--ignore={folder}" for folder in counted]
    run("coverage", "erase")
    pure = run("coverage", "run", "-m", "pytest", *counted)
    run("coverage", "combine", "--quiet")
    included = ",".join(f"src/dragoman/{room}/*" for room in COVERED)
    covered = run("coverage", "report", f"--include={included}", "--fail-under=100")
    rest = run("pytest", str(TESTS), *others, "-m", "not clients", "-n", "auto")
    return pure or covered or rest


if __name__ == "__main__":
    sys.exit(main())
