"""The folder of logins: followed, kept as it is, and what happens when it cannot be written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.accounts.full_disk import LARGE, no_more_disk
from tests.accounts.opened import OURS, token, until, world
from tests.accounts.theirs import FILES, copied
from tests.fakes import in_thread
from tests.idp import Clock, Idp, configured

from dragoman.accounts.records import Owner, Status
from dragoman.accounts.sealing import Seal, new_key
from dragoman.accounts.service import Accounts
from dragoman.errors import UpstreamFault


def status(accounts: Accounts, id_: str) -> tuple[Status, str]:
    account = accounts.get(id_)
    assert account is not None
    return account.status, account.message


async def test_files_added_edited_and_deleted_are_seen(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        changes: list[int] = []
        async with here.accounts() as accounts:
            accounts.on_change(lambda: changes.append(1))
            assert accounts.all() == []  # there is not even a folder
            id_ = here.logged_in("claude")
            await until(lambda: accounts.get(id_) is not None)
            here.put(id_, {**here.file(id_), "prefix": "team", "disabled": True})
            await until(lambda: status(accounts, id_) == (Status.DISABLED, ""))
            account = accounts.get(id_)
            assert account is not None
            assert account.prefix == "team"
            with pytest.raises(UpstreamFault, match="it is disabled"):
                await token(accounts, id_)
            (here.folder / id_).unlink()
            await until(lambda: accounts.get(id_) is None)
            assert changes == [1, 1, 1]
            with pytest.raises(UpstreamFault, match="is gone"):
                await token(accounts, id_)
            here.folder.rmdir()
            here.logged_in("qwen")
            await until(lambda: len(accounts.all()) == 1)


async def test_a_renewed_token_is_no_change_to_be_told_of(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        changes: list[int] = []
        async with here.accounts() as accounts:
            accounts.on_change(lambda: changes.append(1))
            here.clock.move(5 * 3600)
            await accounts.refresh_due()
            await accounts.look()
            assert here.idp.count("claude", "token") == 1
            assert changes == []
            assert status(accounts, id_) == (Status.READY, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ('{"type": "claude", "access_to', "no whole JSON object"),
        ("[1]", "no whole JSON object"),
        ("\x00\x01", "no whole JSON object"),
    ],
)
async def test_a_damaged_file_is_told_of_kept_and_read_again_when_it_changes(
    tmp_path: Path, text: str, words: str
) -> None:
    async with world(tmp_path) as here:
        good = here.logged_in("kimi")
        here.put("claude-half.json", text)
        async with here.accounts() as accounts:
            account = accounts.get("claude-half.json")
            assert account is not None
            assert account.provider == "claude"
            assert account.status is Status.UNREADABLE
            assert words in account.message
            assert (here.folder / "claude-half.json").read_text() == text
            assert await token(accounts, good)
            here.put("claude-half.json", here.file(here.logged_in("claude")))
            await accounts.look()
            assert status(accounts, "claude-half.json") == (Status.READY, "")


async def test_a_good_login_serves_on_while_its_file_is_half_written(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        whole = (here.folder / id_).read_text()
        async with here.accounts() as accounts:
            old = await token(accounts, id_)
            here.put(id_, whole[:40])
            await accounts.look()
            state, message = status(accounts, id_)
            assert state is Status.READY
            assert "its last good content is used" in message
            here.clock.move(5 * 3600)
            await accounts.refresh_due()  # writing now would destroy what somebody is at
            assert await token(accounts, id_) == old
            assert (here.folder / id_).read_text() == whole[:40]
            here.put(id_, whole)
            await accounts.look()
            await accounts.refresh_due()
            assert status(accounts, id_) == (Status.READY, "")
            assert await token(accounts, id_) != old


async def test_a_cliproxyapi_folder_is_used_as_it_is_and_stays_byte_identical(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        before = copied(here.folder, here.idp)
        async with here.accounts() as accounts:
            found = {account.id: account.status for account in accounts.all()}
            assert found == {name: wanted for name, (wanted, _) in FILES.items()}
            for id_, state in found.items():
                if state is Status.READY:
                    assert await token(accounts, id_)
            here.clock.move(6 * 3600)
            await accounts.refresh_due()
            await accounts.look()
        assert {
            str(path.relative_to(here.folder)): path.read_bytes()
            for path in sorted(here.folder.rglob("*"))
            if path.is_file()
        } == before


async def test_an_adopted_cliproxyapi_folder_is_renewed_and_keeps_what_it_does_not_know(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        copied(here.folder, here.idp)
        async with here.accounts(adopt=True) as accounts:
            here.clock.move(11 * 86400)
            await accounts.refresh_due()
            ready = [account for account in accounts.all() if account.status is Status.READY]
            assert {account.provider for account in ready} == {
                "claude", "codex", "antigravity", "kimi", "xai", "gemini", "qwen", "vertex",
            }  # fmt: skip
            written = here.file("claude-ann@example.com.json")
            assert written["claude_device_ids"] == ["d1"]
            assert written["managed_by"] == "dragoman"
            assert written["expired"] > "2026-12-10"
            gemini = here.file("ann@example.com-one.json")
            assert gemini["token"]["scopes"] == ["a", "b"]
            assert here.file("iflow-ann.json") == {"type": "iflow", "api_key": "k"}


def test_three_processes_renew_a_login_once(tmp_path: Path) -> None:
    idp = Idp(Clock(time.time()))

    async def slowly() -> None:
        await asyncio.sleep(0.3)

    idp.hold_tokens(slowly)
    with in_thread(idp) as url:
        idp.url = url
        access, refresh = idp.login("codex")
        file = tmp_path / "auth/codex-ann.json"
        file.parent.mkdir()
        content = {"type": "codex", "access_token": access, "refresh_token": refresh}
        file.write_text(json.dumps({**content, "expired": "2020-01-01T00:00:00Z", **OURS}))
        config = {"auth-dir": str(file.parent), "oauth-clients": configured(url)}
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        program = [sys.executable, "-m", "tests.accounts.one_process", str(tmp_path), file.name]
        started = [subprocess.Popen(program, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("*.ready"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (tmp_path / "go").touch()
        told = {process.communicate(timeout=60)[0].split()[-1] for process in started}
        assert len(told) == 1
        assert idp.valid("codex", told.pop())
        assert idp.count("codex", "token") == 1
        assert not idp.used & {json.loads(file.read_text())["refresh_token"]}


async def test_a_login_that_another_process_renewed_is_no_dead_one(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(5 * 3600)

            async def renewed_elsewhere() -> None:
                here.idp.used |= set(here.idp.refresh)
                here.logged_in("claude", **OURS)

            here.idp.hold_tokens(renewed_elsewhere)
            await accounts.refresh_due()
            here.idp.hold_tokens(None)
            assert status(accounts, id_) == (Status.READY, "")
            assert await token(accounts, id_) == here.file(id_)["access_token"]


async def test_a_token_that_cannot_be_written_serves_and_is_written_when_it_can(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", note="x" * LARGE, **OURS)
        before = (here.folder / id_).read_bytes()
        async with here.accounts() as accounts:
            here.clock.move(9 * 3600)
            with no_more_disk():
                new = await token(accounts, id_)
                assert here.idp.valid("claude", new)
                state, message = status(accounts, id_)
                assert state is Status.READY
                assert "could not be written (File too large)" in message
                assert "make the folder writable before dragoman is stopped" in message
                assert (here.folder / id_).read_bytes() == before
                assert [path.name for path in here.folder.glob("*.tmp")] == []
                await asyncio.sleep(0.06)  # some ticks: it is tried again in vain
                assert await token(accounts, id_) == new
            await until(lambda: here.file(id_)["access_token"] == new)
            await until(lambda: status(accounts, id_) == (Status.READY, ""))


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Root may write anywhere: it lays down its rights meanwhile."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def test_a_read_only_folder_is_told_of_and_the_token_is_used_to_its_end() -> None:
    with open_folder() as folder:
        async with world(folder) as here:
            id_ = here.logged_in("claude", **OURS)
            with as_nobody(here.folder):
                async with here.accounts() as accounts:
                    old = await token(accounts, id_)
                    here.clock.move(5 * 3600)
                    await accounts.refresh_due()
                    # Renewing would wear out the only refresh token that is on the disk.
                    assert here.idp.count("claude", "token") == 0
                    state, message = status(accounts, id_)
                    assert state is Status.READY
                    assert "its folder cannot be written (Permission denied)" in message
                    assert await token(accounts, id_) == old
                    sent = await accounts.source(id_).headers()
                    assert await accounts.source(id_).refused(sent) is True
                    new = await token(accounts, id_)
                    assert here.idp.valid("claude", new)
                    here.clock.move(8 * 3600 + 1)
                    assert here.idp.valid("claude", await token(accounts, id_))
                    assert "kept in memory" in status(accounts, id_)[1]
                    assert here.file(id_)["access_token"] == old


async def test_files_are_sealed_at_rest_where_a_key_is_set(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", prefix="team", **OURS)
        seal = Seal(new_key())
        async with here.accounts(seal=seal) as accounts:
            here.clock.move(5 * 3600)
            await accounts.refresh_due()
            new = await token(accounts, id_)
        written = here.file(id_)
        assert set(written) == {"type", "email", "managed_by", "prefix", "sealed"}
        assert new not in (here.folder / id_).read_text()
        here.put(id_, {**written, "disabled": True})
        async with here.accounts(seal=seal) as accounts:
            assert status(accounts, id_)[0] is Status.DISABLED
            here.put(id_, {**written, "disabled": False})
            await accounts.look()
            assert await token(accounts, id_) == new
        for wrong, words in ((Seal(), "DRAGOMAN_AUTH_KEY"), (Seal(new_key()), "another key")):
            async with here.accounts(seal=wrong) as accounts:
                state, message = status(accounts, id_)
                assert state is Status.UNREADABLE
                assert words in message


async def test_a_client_s_own_login_is_followed_and_never_renewed_by_us(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        theirs = tmp_path / "home/.claude/.credentials.json"
        theirs.parent.mkdir(parents=True)

        def written() -> str:
            access, refresh = here.idp.login("claude")
            ends = round(here.idp.access[access][2] * 1000)
            login = {"accessToken": access, "refreshToken": refresh, "expiresAt": ends}
            theirs.write_text(json.dumps({"claudeAiOauth": {**login, "subscriptionType": "max"}}))
            return access

        first = written()
        pointer = {"type": "dragoman-import", "provider": "claude", "file": str(theirs)}
        here.put("import-claude.json", pointer)
        async with here.accounts(adopt=True) as accounts:
            assert await token(accounts, "import-claude.json") == first
            account = accounts.get("import-claude.json")
            assert account is not None
            assert (account.provider, account.owner, account.plan) == (
                "claude",
                Owner.CLIENT,
                "max",
            )
            here.clock.move(9 * 3600)
            await accounts.refresh_due()
            with pytest.raises(UpstreamFault, match="it is expired"):
                await token(accounts, "import-claude.json")
            second = written()
            await until(lambda: status(accounts, "import-claude.json") == (Status.READY, ""))
            assert await token(accounts, "import-claude.json") == second
            assert here.idp.count("claude", "token") == 0
            theirs.unlink()
            await until(lambda: "No such file" in status(accounts, "import-claude.json")[1])
