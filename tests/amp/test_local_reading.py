"""Finding threads, reading one as Markdown, and the small answers beside the methods."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.amp.threads import NOW_MS, ONE, TWO, Client, body_of, client, text_of, thread

DAY_MS = 24 * 3600 * 1000


async def found(amp: Client, query: str) -> list[str]:
    reply = await amp.reply("GET", f"/api/threads/find?q={query}")
    assert reply.status == 200
    return [one["id"] for one in body_of(reply)["threads"]]


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("race", True),
        ("RACE+WRITE", True),
        ("%22race+condition%22", True),
        ("%22condition+race%22", False),
        ("where+the+%C3%A9", True),
        ("race+missing", False),
        ("thoughts", False),
        ("50%25", False),
        ("_", False),
        ("file:new.txt", True),
        ("file:OTHER.txt", True),
        ("file:third.txt", False),
        ("repo:acme/thing", True),
        ("repo:acme/other", False),
        ("ref:main", True),
        ("ref:next", False),
        ("author:me", True),
        ("author:key-1", True),
        ("author:alice", False),
        ("task:142", False),
        ("after:1d", True),
        ("before:1d", False),
        ("before:2030-01-01", True),
        ("after:2030-01-01T00:00:00Z", False),
        ("after:2w+repo:thing+race", True),
        ("", True),
        ("%22%22", True),
    ],
)
async def test_a_search_finds_what_has_all_of_it(query: str, finds: bool, tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        assert await found(amp, query) == ([ONE] if finds else [])


async def test_a_search_tells_where_and_whether_there_is_more(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("uploadThread", thread=thread(TWO, created=NOW_MS))
        told = body_of(await amp.reply("GET", "/api/threads/find?q=condition&limit=1"))
        assert told["hasMore"] is True
        assert told["threads"] == [
            {
                "id": TWO,
                "title": "Where the é is",
                "creatorUserID": "user_key-1",
                "created": NOW_MS,
                "updatedAt": NOW_MS,
                "messageCount": 1,
                "matchedSearchText": "where the é is find the race condition i'll write it.",
            }
        ]
        rest = body_of(await amp.reply("GET", "/api/threads/find?q=condition&limit=1&offset=1"))
        assert ([one["id"] for one in rest["threads"]], rest["hasMore"]) == ([ONE], False)


async def test_an_unreadable_date_is_told(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("GET", "/api/threads/find?q=after:soon")
        assert reply.status == 400
        assert body_of(reply) == {"error": "'soon' is no date; write 2026-01-15, 7d or 2w"}


async def test_a_search_of_very_many_words_is_refused(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("GET", "/api/threads/find?q=" + "+".join(["a"] * 51))
        assert body_of(reply) == {"error": "a search has at most 50 words"}
        assert await found(amp, "+".join(["a"] * 50)) == []


async def test_a_thread_reads_as_markdown(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        reply = await amp.reply("GET", f"/api/threads/{ONE}.md?truncate_tool_results=1")
        assert reply.headers == [("content-type", "text/markdown; charset=utf-8")]
        assert text_of(reply) == (
            "---\ntitle: Where the é is\n"
            f"threadId: {ONE}\ncreated: 2026-11-29T04:20:40.000Z\nagentMode: smart\n---\n\n"
            "# Where the é is\n\n## User\n\nFind the race condition\n\n## Assistant\n\n"
            "I'll write it.\n\n**Tool Use:** `create_file`\n\n"
            '```json\n{"path":"/home/me/Thing/New.txt","content":"x"}\n```\n\n'
            "## User\n\n**Tool Result:** `toolu_1`\n\n```\ncreated\n```\n"
        )


async def test_markdown_cuts_long_results_when_asked_and_fences_safely(tmp_path: Path) -> None:
    result = {"output": "```" + "x" * 3000}
    blocks = [
        {"type": "tool_result", "toolUseID": "a", "run": {"status": "done", "result": result}},
        {"type": "tool_result", "toolUseID": "b", "run": {"status": "error", "error": "gone"}},
        {"type": "image", "source": {}},
    ]
    document = thread(title="", created=2**53 - 1, messages=[{"role": "system", "content": blocks}])
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=document)
        cut = text_of(await amp.reply("GET", f"/api/threads/{ONE}.md?truncate_tool_results=1"))
        whole = text_of(await amp.reply("GET", f"/api/threads/{ONE}.md"))
    assert "\n[1016 characters left out]\n````\n" in cut
    assert f'````\n{{"output":"```{"x" * 3000}"}}\n````\n' in whole
    assert "created: 9999-12-31T23:59:59.000Z\n" in whole
    assert "# Untitled\n\n## Other\n" in whole
    assert whole.endswith("```\ngone\n```\n\n*(an image)*\n")


async def test_the_list_that_earlier_versions_ask_for(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        await amp.result("uploadThread", thread=thread())
        await amp.result("uploadThread", thread=thread(TWO, created=1, title=None, messages=[]))
        await amp.result("setThreadMeta", thread=ONE, meta={"visibility": "public_unlisted"})
        reply = await amp.reply("GET", "/api/threads?createdByUserID=user_key-1")
        assert body_of(reply) == [
            {
                "id": ONE,
                "title": "Where the é is",
                "updatedAt": NOW_MS - 50_000,
                "messageCount": 1,
                "meta": {"visibility": "public_unlisted", "sharedGroupIDs": []},
            },
            {
                "id": TWO,
                "title": None,
                "updatedAt": 1,
                "messageCount": 0,
                "meta": {"visibility": "private", "sharedGroupIDs": []},
            },
        ]


async def test_the_small_answers_the_cli_asks_for(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        for path, answer in (
            ("/api/internal/github-auth-status", {"authenticated": True}),
            ("/api/internal/bitbucket-instance-url", {}),
        ):
            reply = await amp.reply("GET", path)
            assert (reply.status, body_of(reply)) == (200, answer)
        assert body_of(await amp.reply("GET", "/api/user"))["id"] == "user_key-1"
        assert (await amp.reply("POST", "/api/telemetry", b"{}")).status == 200
        assert "<rss" in text_of(await amp.reply("GET", "/news.rss"))


async def test_versions_whose_agent_runs_elsewhere_are_told_which_do_not(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("POST", "/api/thread-actors", b"{}")
        assert reply.status == 402
        assert "@sourcegraph/amp@0.0.1777897475-g2324e1" in body_of(reply)["error"]


async def test_a_file_of_github_is_not_told_to_be_missing(tmp_path: Path) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply("GET", "/api/internal/github-proxy/repos/a/b/contents/README.md")
        assert (reply.status, list(body_of(reply))) == (501, ["error"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/attachments"),
        ("GET", "/api/threads/T-1.md"),
        ("DELETE", "/api/internal"),
        ("GET", "/threads.rss"),
    ],
)
async def test_what_is_not_there_is_404_in_amps_shape(
    method: str, path: str, tmp_path: Path
) -> None:
    async with client(tmp_path) as amp:
        reply = await amp.reply(method, path)
        assert reply.status == 404
        assert list(body_of(reply)) == ["error"]
