"""Which logins there are: the folder's files, read when they change and written when a token does.

A damaged file is told of and left alone; while a good content of it is known, that one serves. Our
own writing and reading take turns, so that an old content never comes after a new one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dragoman.accounts import client_files
from dragoman.accounts.auth_file import owner_of, unreadable
from dragoman.accounts.folder import AuthFolder, Mark
from dragoman.accounts.login import Login
from dragoman.accounts.printing import printed
from dragoman.accounts.records import Account, Owner
from dragoman.accounts.sealing import Seal, Sealed
from dragoman.accounts.tokens import tokens_in
from dragoman.neutral.json import JsonObject, encode, object_of
from dragoman.observe.log import logger

_SETTLED_NS = 50_000_000


class Marks(NamedTuple):
    own: Mark
    client: Mark | None = None


class Read(NamedTuple):
    """A file's content: its object, or why there is none. `client` is what it points to; `missing`:
    there is no such file."""

    fields: JsonObject | None
    why: str
    digest: bytes
    client: Path | None = None
    missing: bool = False


class News(NamedTuple):
    """What a look found: the files that are there, and those read as they may have changed."""

    there: dict[str, Marks]
    read: dict[str, Read]


class Registry:
    def __init__(self, path: Path, seal: Seal, now: Callable[[], float]) -> None:
        self.folder = AuthFolder(path)
        self.logins: dict[str, Login] = {}
        self.bad: dict[str, Account] = {}
        self.adopt = False
        self.seal = seal
        self._now = now
        self._marks: dict[str, Marks] = {}
        self._digests: dict[str, bytes] = {}
        self._clients: dict[str, Path] = {}
        self._turn = asyncio.Lock()

    async def look(self) -> set[str]:
        """Takes in what has changed; the ids of the files that did."""
        async with self._turn:
            return self._take(await asyncio.to_thread(self._gathered))

    def look_now(self) -> set[str]:
        """The same, blocking: for commands."""
        return self._take(self._gathered())

    async def reread(self, login: Login) -> None:
        """Takes in this file as it stands now, whatever its time says."""
        async with self._turn:
            read = await asyncio.to_thread(self._read, login.id)
            self._take_one(login.id, read)

    async def write(
        self, login: Login, change: Callable[[JsonObject], JsonObject]
    ) -> JsonObject | None:
        """Writes what the change makes of the file as it stands now, and tells it; None where it is
        another login by now, or gone.

        Raises:
            OSError: the content is kept with the login then, for `write_again`.
        """
        async with self._turn:
            read = await asyncio.to_thread(self._read, login.id)
            if read.missing:
                return None
            fields = login.fields
            if read.fields is not None and read.digest != login.digest:
                if tokens_in(login.kind, read.fields).refresh != login.tokens.refresh:
                    self._take_one(login.id, read)
                    return None
                fields = read.fields
            fields = change(fields)
            data = printed(fields, self.seal)
            login.unwritten = data
            await asyncio.to_thread(self.folder.write, login.id, data)
            self._written(login, data)
            return fields

    def barred(self) -> str:
        return self.seal.barred

    async def write_again(self, login: Login) -> bool:
        """Whether what could not be written now is; or need not be, for the file is another."""
        async with self._turn:
            data = login.unwritten
            if data is None:
                return True
            read = await asyncio.to_thread(self._read, login.id)
            if read.fields is not None and read.digest != login.digest:
                login.unwritten = None
                self._take_one(login.id, read)
                return True
            try:
                await asyncio.to_thread(self.folder.write, login.id, data)
            except OSError:
                return False
            self._written(login, data)
            return True

    def _written(self, login: Login, data: bytes) -> None:
        login.unwritten = None
        login.folder_trouble = ""
        login.digest = self._digests[login.id] = _digest(data)
        login.owner = Owner.DRAGOMAN

    def _gathered(self) -> News:
        there: dict[str, Marks] = {}
        read: dict[str, Read] = {}
        for id_, mark in self.folder.scan().items():
            there[id_] = Marks(mark, _mark_of(self._clients.get(id_)))
            if self._marks.get(id_) != there[id_]:
                read[id_] = self._read(id_)
        return News(there, read)

    def _take(self, news: News) -> set[str]:
        touched = {id_ for id_, read in news.read.items() if self._take_one(id_, read)}
        for id_ in set(self._digests) - set(news.there):
            self._forget(id_)
            touched.add(id_)
        now_ns = self._now() * 1e9
        # One that was written a moment ago may be written again within the clock's own grain.
        self._marks = {
            id_: marks
            for id_, marks in news.there.items()
            if marks.own.modified_ns < now_ns - _SETTLED_NS or id_ not in news.read
        }
        return touched

    def _forget(self, id_: str) -> None:
        for kept in (self.logins, self.bad, self._digests, self._clients, self._marks):
            kept.pop(id_, None)

    def _take_one(self, id_: str, read: Read) -> bool:
        """Whether that content was another than before."""
        if self._digests.get(id_) == read.digest and not self._was_damaged(id_):
            return False
        self._digests[id_] = read.digest
        if read.client is not None:
            self._clients[id_] = read.client
        login = self.logins.get(id_)
        if read.fields is None:
            self._damaged(id_, login, read.why)
            return True
        self.bad.pop(id_, None)
        owner = Owner.CLIENT if read.client is not None else owner_of(read.fields)
        if login is None:
            login = self.logins[id_] = Login(id_, read.fields, owner, read.digest)
        elif login.digest == read.digest:
            login.damage = ""
        else:
            login.take(read.fields, owner, read.digest)
        login.adopted = self.adopt
        return True

    def _was_damaged(self, id_: str) -> bool:
        login = self.logins.get(id_)
        return login is not None and bool(login.damage)

    def _damaged(self, id_: str, login: Login | None, why: str) -> None:
        told = f"{why}; it is left as it is and read again when it changes"
        if login is None:
            self.bad[id_] = unreadable(id_, told)
        else:
            told = login.damage = f"{why}; its last good content is used"
        logger().warning("an auth file cannot be read", file=id_, reason=told)

    def _read(self, id_: str) -> Read:
        try:
            return self._parsed(self.folder.read(id_))
        except OSError as error:
            why = f"the file cannot be read ({error.strerror or error})"
            missing = isinstance(error, FileNotFoundError)
            return Read(None, why, _digest(why.encode()), missing=missing)

    def _parsed(self, data: bytes) -> Read:
        digest = _digest(data)
        try:
            fields = object_of(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            fields = None
        if fields is None:
            what = "the file is empty" if not data.strip() else "the file is no whole JSON object"
            return Read(None, what, digest)
        try:
            fields = self.seal.opened(fields)
        except Sealed as error:
            return Read(None, str(error), digest)
        client = client_files.target(fields)
        if client is None:
            return Read(fields, "", digest)
        try:
            login = client_files.followed(fields)
        except client_files.Unusable as error:
            why = str(error)
            return Read(None, why, _digest(data + why.encode()), client)
        return Read(login, "", _digest(data + encode(login)), client)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _mark_of(path: Path | None) -> Mark | None:
    if path is None:
        return None
    try:
        stat = path.stat()
    except OSError:
        return None
    return Mark(stat.st_mtime_ns, stat.st_size, stat.st_ino)
