"""The local control plane's methods, as the CLI calls them (issue 5, "Without an Amp account")."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.amp.threads import NOW_MS, ONE, OWNER, TWO, Client, body_of, client, stored, thread

from dragoman.amp.control import ControlPlane
from dragoman.storage.amp_threads import AmpThreads
from dragoman.storage.state import State


async def test_a_user_is_told_that_the_cli_takes(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        assert await amp.result("getUserInfo") == {
            "id": "user_key-1",
            "username": "key-1",
            "email": "key-1@localhost",
            "features": [],
        }
        assert await amp.result("loadPlugins") == []
        assert await amp.result("getUserFreeTierStatus") == {"canUseAmpFree": False}


async def test_a_thread_comes_back_as_it_was_uploaded(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        assert await amp.code("getThread", thread=ONE) == "thread-not-found"
        document = thread(note=1.5, cost=0.1000, big=2**70)
        assert await amp.result("uploadThread", thread=document, createdOnServer=False) == {}
        told = await amp.result("getThread", thread=ONE)
        added = {"archived": False, "creatorUserID": "user_key-1"}
        assert told == {"thread": {"data": {**document, **added}}}


async def test_threads_outlive_the_gateway(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("addThreadLabels", thread=ONE, labels=["kept"])
    async with client(tmp_path) as amp:
        told = await amp.result("getThread", thread=ONE)
        assert told["thread"]["data"]["messages"] == thread()["messages"]
        assert await amp.result("getThreadLabels", thread=ONE) == [{"name": "kept"}]


async def test_threads_of_another_key_are_not_there(tmp_path: Path) -> None:
    async with stored(tmp_path) as threads:
        control = ControlPlane(threads)
        mine, other = Client(control), Client(control, "key-2")
        await mine.result("uploadThread", thread=thread())
        for method in (
            "getThread",
            "getThreadLinkInfo",
            "getThreadLabels",
            "archiveThread",
            "setThreadMeta",
            "deleteThread",
        ):
            assert await other.code(method, thread=ONE) == "thread-not-found"
        assert await other.code("addThreadLabels", thread=ONE, labels=["x"]) == "thread-not-found"
        assert await other.result("listThreads") == {"threads": []}
        found = await other.reply("GET", "/api/threads/find?q=race")
        assert body_of(found) == {"threads": [], "hasMore": False}
        assert (await other.reply("GET", f"/api/threads/{ONE}.md")).status == 404
        await other.result("uploadThread", thread=thread(title="Theirs", v=1))
        told = await mine.result("getThread", thread=ONE)
        assert told["thread"]["data"]["title"] == "Where the é is"


async def test_a_list_tells_each_thread_newest_first(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("uploadThread", thread=thread(TWO, created=NOW_MS, title=None))
        listed = (await amp.result("listThreads", includeArchived=False, limit=200))["threads"]
        assert [(one["id"], one["title"]) for one in listed] == [
            (TWO, None),
            (ONE, "Where the é is"),
        ]
        document = thread()
        assert listed[1] == {
            "id": ONE,
            "v": 73,
            "created": NOW_MS - 60_000,
            "env": document["env"],
            "agentMode": "smart",
            "title": "Where the é is",
            "userLastInteractedAt": NOW_MS - 50_000,
            "messageCount": 1,
            "summaryStats": {"messageCount": 1},
            "archived": False,
            "creatorUserID": "user_key-1",
            "meta": {},
        }
        listed = (await amp.result("listThreads", limit=1))["threads"]
        assert [one["id"] for one in listed] == [TWO]


async def test_an_archived_thread_is_listed_only_when_asked_for(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("archiveThread", thread=ONE, archived=True)
        assert (await amp.result("listThreads"))["threads"] == []
        (one,) = (await amp.result("listThreads", includeArchived=True))["threads"]
        assert one["archived"] is True
        await amp.result("uploadThread", thread=thread(v=74))
        assert (await amp.result("getThread", thread=ONE))["thread"]["data"]["archived"] is True
        await amp.result("archiveThread", thread=ONE, archived=False)
        assert len((await amp.result("listThreads"))["threads"]) == 1


async def test_sharing_is_kept_beside_the_document(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result(
            "setThreadMeta", thread=ONE, meta={"visibility": "public_unlisted", "x": 1}
        )
        await amp.result("uploadThread", thread=thread(v=74))
        (one,) = (await amp.result("listThreads"))["threads"]
        assert one["meta"] == {"visibility": "public_unlisted"}
        told = await amp.result("getThread", thread=ONE)
        expected = {"traces": [], "visibility": "public_unlisted"}
        assert told["thread"]["data"]["meta"] == expected
        assert await amp.result("getThreadLinkInfo", thread=ONE) == {
            "creatorUserID": "user_key-1",
            "usesThreadActors": False,
        }


async def test_an_older_version_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread(v=80, title="Newer"))
        assert await amp.code("uploadThread", thread=thread(v=79)) == "version-conflict"
        told = await amp.result("getThread", thread=ONE)
        assert told["thread"]["data"]["title"] == "Newer"
        await amp.result("uploadThread", thread=thread(v=80, title="Renamed"))
        told = await amp.result("getThread", thread=ONE)
        assert told["thread"]["data"]["title"] == "Renamed"


async def test_deleting_a_thread_deletes_its_parts(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("uploadThread", thread=thread(TWO, mainThreadID=ONE))
        await amp.result("deleteThread", thread=ONE)
        assert await amp.code("deleteThread", thread=ONE) == "thread-not-found"
        assert await amp.code("getThread", thread=TWO) == "thread-not-found"


async def test_labels_are_added_set_and_listed(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("addThreadLabels", thread=ONE, labels=["one", "two"])
        told = await amp.result("addThreadLabels", thread=ONE, labels=["two", "three"])
        assert told == [{"name": "one"}, {"name": "two"}, {"name": "three"}]
        assert await amp.result("setThreadLabels", thread=ONE, labels=["two"]) == [{"name": "two"}]
        assert await amp.result("getUserLabels", query="TW") == [{"name": "two"}]
        assert await amp.result("getUserLabels", query="x") == []
        many = [f"l{n}" for n in range(50)]
        assert await amp.code("addThreadLabels", thread=ONE, labels=many) == "invalid-argument"
        assert await amp.code("addThreadLabels", thread=ONE, labels="x") == "invalid-argument"
        assert await amp.code("addThreadLabels", thread=ONE, labels=[""]) == "invalid-argument"


@pytest.mark.parametrize(
    "method",
    [
        "userDisplayBalanceInfo",
        "threadDisplayCostInfo",
        "webSearch2",
        "extractWebPageContent",
        "shareThreadWithOperator",
        "createTask",
    ],
)
async def test_what_only_ampcode_has_is_refused_with_a_code(method: str, tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        assert await amp.code(method) == "not-available"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": "T-1", "v": 1, "messages": []},
        {"id": 7, "v": 1, "messages": []},
        {"id": ONE, "v": -1, "messages": []},
        {"id": ONE, "v": True, "messages": []},
        {"id": ONE, "v": 1.5, "messages": []},
        {"id": ONE, "v": 2**64, "messages": []},
        {"id": ONE, "v": 1, "messages": "none"},
    ],
)
async def test_what_is_no_thread_is_not_kept(document: dict[str, Any], tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        assert await amp.code("uploadThread", thread=document) == "invalid-argument"
        assert await amp.code("getThread", thread=document.get("id")) != "storage-failed"
        assert await amp.result("listThreads") == {"threads": []}


async def test_a_thread_of_odd_parts_is_kept_whole(tmp_path: Path) -> None:
    odd = {
        "v": 1.0,
        "id": ONE,
        "created": "yesterday",
        "title": 7,
        "env": {"initial": {"trees": [None, {"repository": 1}]}},
        "meta": None,
        "messages": [
            None,
            {"role": 3, "content": None},
            {"role": "user", "content": ["x", {"type": "text", "text": 5}]},
            {"role": "user", "content": [{"type": "tool_use", "input": {"path": 5}, "run": 1}]},
        ],
    }
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=odd)
        told = (await amp.result("getThread", thread=ONE))["thread"]["data"]
        assert told == {**odd, "archived": False, "creatorUserID": "user_key-1", "meta": {}}
        assert (await amp.reply("GET", f"/api/threads/{ONE}.md")).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"x"'])
async def test_a_body_that_is_no_object_is_refused_with_a_code(body: bytes, tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("POST", "/api/internal?uploadThread", body)
        assert reply.status == 200
        assert body_of(reply)["error"]["code"] == "invalid-argument"


async def test_half_a_character_does_not_cost_the_thread(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        document = thread(title="cut \ud83d", note="whole 😀 and a \\ud83d in words")
        await amp.result("uploadThread", thread=document)
        told = (await amp.result("getThread", thread=ONE))["thread"]["data"]
        assert told["title"] == "cut \ufffd"
        assert told["note"] == "whole 😀 and a \\ud83d in words"


async def test_a_long_thread_with_half_a_character_and_zeros_is_kept(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        long = "\u0000 é \n" * 100_000
        document = thread(title="cut \ud83d\u0000", messages=[], note=long)
        await amp.result("uploadThread", thread=document)
        told = (await amp.result("getThread", thread=ONE))["thread"]["data"]
        assert (told["title"], told["note"] == long) == ("cut \ufffd\u0000", True)


async def test_the_method_may_stand_in_the_address_alone(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("POST", "/api/internal?getUserInfo", b'{"params":{}}')
        assert body_of(reply)["result"]["id"] == f"user_{OWNER}"


async def test_without_a_database_the_cli_is_told_so() -> None:
    amp = Client(ControlPlane(AmpThreads(State())))
    assert (await amp.result("getUserInfo"))["features"] == []
    assert await amp.code("uploadThread", thread=thread()) == "storage-failed"
    assert await amp.code("getThread", thread=ONE) == "storage-failed"
    reply = await amp.reply("GET", "/api/threads/find?q=x")
    assert (reply.status, "threads" in json.dumps(body_of(reply))) == (503, True)
