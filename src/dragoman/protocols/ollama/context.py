"""How large a context window a converted request needs.

Ollama loads a model with a window of its own choosing (2,048 to 4,096 tokens by default) and cuts
the conversation's beginning when it does not fit, without a word. So a client that knows nothing of
`num_ctx` gets one that fits. Powers of two, because each new value makes Ollama load the model
anew: a conversation keeps its window until it has outgrown it.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject, encode

SMALLEST = 8_192
LARGEST = 131_072
_IMAGE_TOKENS = 1_024
_ANSWER_TOKENS = 4_096
_LARGEST_ANSWER = 16_384
"""A client's limit on the answer is often far above what it will get; memory is paid for it all."""
_BYTES_PER_TOKEN = 3


def context_window(body: JsonObject) -> int:
    """The `num_ctx` for a rendered `/api/chat` body: its text at three bytes a token, its images,
    and room for the answer."""
    images = 0
    shown: list[Json] = [body.get("tools"), body.get("format")]
    messages = body.get("messages")
    assert isinstance(messages, list)
    for message in messages:
        assert isinstance(message, dict)
        pictures = message.get("images")
        images += len(pictures) if isinstance(pictures, list) else 0
        shown.append({key: value for key, value in message.items() if key != "images"})
    tokens = len(encode(shown)) // _BYTES_PER_TOKEN + images * _IMAGE_TOKENS + _answer(body)
    return min(LARGEST, max(SMALLEST, 1 << (tokens - 1).bit_length()))


def _answer(body: JsonObject) -> int:
    options = body.get("options")
    limit = options.get("num_predict") if isinstance(options, dict) else None
    return min(limit, _LARGEST_ANSWER) if isinstance(limit, int) else _ANSWER_TOKENS
