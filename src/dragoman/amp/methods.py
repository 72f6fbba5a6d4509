"""The methods of `POST /api/internal?METHOD`, answered here: a result, or a refusal with a code.

Names, parameters and results are those of the CLI 0.0.1777897475, as seen. What ampcode.com alone
has (balances, web search, tasks, support) is refused as such; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from dragoman.amp.documents import is_thread_id, object_in, thread_of, whole_number, with_marks
from dragoman.amp.refused import Refused, invalid, no_such_thread, not_here
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.storage.amp_threads import AmpThreads, Marks

MOST_LISTED = 1000
_META = ("visibility", "sharedGroupIDs", "shareWithAllCreatorGroups")
_MAX_LABELS = 50
_MAX_LABEL = 100

Method: TypeAlias = "Callable[[AmpThreads, str, JsonObject], Awaitable[Json]]"


def user_id(owner: str) -> str:
    """The user that a client key is, as clients compare it with a thread's creator."""
    return f"user_{owner or 'local'}"


def user(owner: str) -> JsonObject:
    name = owner or "local"
    return {"id": user_id(owner), "username": name, "email": f"{name}@localhost", "features": []}


async def call(threads: AmpThreads, owner: str, name: str, params: JsonObject) -> Json:
    """A method's result.

    Raises:
        Refused: it cannot be done, or not here.
        OSError: the database failed.
    """
    method = _METHODS.get(name)
    if method is not None:
        return await method(threads, owner, params)
    what, instead = _ELSEWHERE.get(name, (f"the method {name!r}", ""))
    raise not_here(what, instead)


def _thread_id(params: JsonObject, key: str = "thread") -> str:
    value = params.get(key)
    if not isinstance(value, str) or not is_thread_id(value):
        raise invalid(f"params.{key} is not the id of a thread")
    return value


async def _user_info(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    return user(owner)


async def _free_tier(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    return {"canUseAmpFree": False}


async def _none(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    return []


async def read_thread(threads: AmpThreads, owner: str, id_: str) -> JsonObject:
    """A thread's document with its marks.

    Raises:
        Refused: there is none of this key.
    """
    found = await threads.get(owner, id_)
    if found is None:
        raise no_such_thread(id_)
    document, marks = found
    value = decode(document)
    assert isinstance(value, dict)
    return with_marks(value, marks, user_id(owner))


async def _get_thread(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    return {"thread": {"data": await read_thread(threads, owner, _thread_id(params))}}


async def _upload_thread(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    thread = thread_of(object_in(params, "thread"))
    if not await threads.put(owner, thread):
        raise Refused(
            "version-conflict",
            f"a newer version of {thread.id} than {thread.version} is kept already; "
            "another client has continued it",
        )
    return {}


async def _list_threads(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    limit = whole_number(params.get("limit"))
    limit = MOST_LISTED if limit is None else min(limit, MOST_LISTED)
    archived = params.get("includeArchived") is True
    rows = await threads.listed(owner, limit, archived=archived)
    return {"threads": [with_marks(entry, marks, user_id(owner)) for entry, marks in rows]}


async def _link_info(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    id_ = _thread_id(params)
    if await threads.marks(owner, id_) is None:
        raise no_such_thread(id_)
    return {"creatorUserID": user_id(owner), "usesThreadActors": False}


async def _marked(
    threads: AmpThreads, owner: str, id_: str, change: Callable[[Marks], Marks]
) -> Marks:
    marks = await threads.mark(owner, id_, change)
    if marks is None:
        raise no_such_thread(id_)
    return marks


async def _set_meta(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    id_ = _thread_id(params)
    given = object_in(params, "meta")
    meta = {key: given[key] for key in _META if key in given}
    marks = await _marked(
        threads, owner, id_, lambda now: msgspec.structs.replace(now, meta={**now.meta, **meta})
    )
    return {"meta": marks.meta}


async def _archive(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    archived = params.get("archived") is not False
    id_ = _thread_id(params)
    await _marked(threads, owner, id_, lambda now: msgspec.structs.replace(now, archived=archived))
    return {}


async def _delete(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    id_ = _thread_id(params)
    if not await threads.delete(owner, id_):
        raise no_such_thread(id_)
    return {}


def _labels_in(params: JsonObject) -> list[str]:
    given = params.get("labels")
    if not isinstance(given, list):
        raise invalid("params.labels is not a list")
    labels = [one for one in given if isinstance(one, str) and 0 < len(one) <= _MAX_LABEL]
    if len(labels) < len(given) or len(labels) > _MAX_LABELS:
        raise invalid(
            f"labels are at most {_MAX_LABELS} texts of at most {_MAX_LABEL} characters each"
        )
    return labels


def _named(labels: tuple[str, ...]) -> Json:
    return [{"name": label} for label in labels]


async def _add_labels(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    new = _labels_in(params)

    def add(now: Marks) -> Marks:
        labels = tuple(dict.fromkeys([*now.labels, *new]))
        if len(labels) > _MAX_LABELS:
            raise invalid(f"a thread has at most {_MAX_LABELS} labels")
        return msgspec.structs.replace(now, labels=labels)

    return _named((await _marked(threads, owner, _thread_id(params), add)).labels)


async def _set_labels(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    labels = tuple(dict.fromkeys(_labels_in(params)))
    marks = await _marked(
        threads,
        owner,
        _thread_id(params),
        lambda now: msgspec.structs.replace(now, labels=labels),
    )
    return _named(marks.labels)


async def _thread_labels(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    id_ = _thread_id(params)
    marks = await threads.marks(owner, id_)
    if marks is None:
        raise no_such_thread(id_)
    return _named(marks.labels)


async def _user_labels(threads: AmpThreads, owner: str, params: JsonObject) -> Json:
    query = params.get("query")
    begun = query.lower() if isinstance(query, str) else ""
    found = await threads.labels(owner)
    return _named(tuple(label for label in found if begun in label.lower()))


_METHODS: dict[str, Method] = {
    "getUserInfo": _user_info,
    "getUserFreeTierStatus": _free_tier,
    "loadPlugins": _none,
    "loadSkills": _none,
    "getThread": _get_thread,
    "uploadThread": _upload_thread,
    "listThreads": _list_threads,
    "getThreadLinkInfo": _link_info,
    "setThreadMeta": _set_meta,
    "archiveThread": _archive,
    "deleteThread": _delete,
    "addThreadLabels": _add_labels,
    "setThreadLabels": _set_labels,
    "getThreadLabels": _thread_labels,
    "getUserLabels": _user_labels,
}

_OWN_TOOL = "give the model a tool of your own (an MCP server of Amp's settings) for it"
_ELSEWHERE = {
    "userDisplayBalanceInfo": ("a balance of Amp credits", "no Amp credits are used here"),
    "threadDisplayCostInfo": ("the cost of a thread in Amp credits", "none are used here"),
    "webSearch2": ("Amp's web search", _OWN_TOOL),
    "extractWebPageContent": ("Amp's reading of web pages", _OWN_TOOL),
    "shareThreadWithOperator": ("sharing with Amp's support", "nothing has left this gateway"),
}
"""What clients ask for in vain, as they show it."""
