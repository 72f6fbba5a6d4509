"""A change to one auth file that a person asked for: nobody else writes it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dragoman.accounts.folder import AuthFolder, BadName
from dragoman.accounts.locks import Locks
from dragoman.accounts.options import AccountOptions
from dragoman.accounts.printing import printed
from dragoman.accounts.sealing import Sealed
from dragoman.neutral.json import JsonObject, object_of

_PATIENCE_S = 30.0


class Uneditable(Exception):
    """The file is not there, or cannot be changed; the text says why."""


async def edited(
    options: AccountOptions, id_: str, change: Callable[[JsonObject], JsonObject]
) -> JsonObject:
    """Writes what `change` makes of the file's object, and tells it.

    Raises:
        Uneditable.
    """
    folder = AuthFolder(options.auth_dir)
    try:
        path = folder.place(id_)
        if not await asyncio.to_thread(path.is_file):
            raise Uneditable(f"there is no auth file {id_}")
        async with Locks(options.auth_dir).held(id_, _PATIENCE_S):
            data = await asyncio.to_thread(folder.read, id_)
            fields = object_of(data.decode("utf-8-sig"))
            if fields is None:
                raise Uneditable(f"{id_} is damaged: it is no JSON object")
            fields = change(options.seal.opened(fields))
            await asyncio.to_thread(folder.write, id_, printed(fields, options.seal))
            return fields
    except BadName as error:
        raise Uneditable(str(error)) from None
    except (Sealed, UnicodeDecodeError) as error:
        raise Uneditable(f"{id_}: {error}") from None
    except TimeoutError:
        raise Uneditable(f"{id_} has been being renewed for half a minute; try again") from None
    except OSError as error:
        raise Uneditable(f"{id_} cannot be written: {error.strerror or error}") from None
