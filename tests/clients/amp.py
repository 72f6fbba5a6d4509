"""The Amp CLI on a gateway, in a home of its own. It ends with status 0 also after a failed turn;
what counts is the last line that it writes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.clients.install import binary, environment
from tests.clients.programs import Done, finished
from tests.sdk.gateway import CLIENT_KEY


class Amp:
    """`address` and `key` are what the environment tells it; empty: nothing."""

    def __init__(self, address: str, folder: Path, key: str = CLIENT_KEY) -> None:
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        self._variables = {
            "HOME": str(self.home),
            "AMP_SKIP_UPDATE_CHECK": "1",
            "NO_COLOR": "1",
        }
        told = {"AMP_URL": address, "AMP_API_KEY": key}
        self._variables |= {name: value for name, value in told.items() if value}

    def run(self, *arguments: str, told: str = "") -> Done:
        return finished([str(binary("amp")), *arguments], self._variables, self.work, told)

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """A run that is spoken with. End it."""
        return subprocess.Popen(
            [str(binary("amp")), *arguments],
            env={**environment(), **self._variables},
            cwd=self.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def said(self, *arguments: str) -> str:
        """What a command prints that ends well."""
        done = self.run(*arguments)
        assert (done.status, "Error" in done.stderr) == (0, False), done
        return done.stdout

    def ended(self, prompt: str, *arguments: str) -> tuple[dict[str, Any], Done]:
        """The line that a turn ends with."""
        done = self.run(*arguments, "-x", prompt, "--stream-json", "--dangerously-allow-all")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines, done
        assert lines[-1]["type"] == "result", done
        return lines[-1], done

    def turn(self, prompt: str, *arguments: str) -> tuple[dict[str, Any], Done]:
        """The line that a turn ends well with."""
        last, done = self.ended(prompt, *arguments)
        assert (last["subtype"], last["is_error"]) == ("success", False), done
        return last, done
