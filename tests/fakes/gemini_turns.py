"""What the Gemini API refuses of the contents (reference, "Content", "Function calling", "Thought
signatures"; v1beta, 2026-11)."""

from __future__ import annotations

import json

from tests.fakes.gemini_rules import NAME, camel, is_three
from tests.fakes.refusal import JsonObject, Refusal, decoded, fields, fits, objects
from tests.fakes.seals import is_ours

CONTENT = frozenset({"role", "parts"})
PART = fields(
    "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult"
    " thought thoughtSignature videoMetadata mediaResolution"
)
DATA = PART - {"thought", "thoughtSignature", "videoMetadata", "mediaResolution"}
CALL = frozenset({"id", "name", "args"})
RESPONSE = frozenset({"id", "name", "response", "willContinue", "scheduling", "parts"})
BLOB = frozenset({"mimeType", "data", "displayName"})
FILE = frozenset({"mimeType", "fileUri", "displayName"})
MEDIA = ("image/", "audio/", "video/", "text/", "application/pdf", "application/json")
STRUCT = "type.googleapis.com/google.protobuf.Struct"
SKIP = "skip_thought_signature_validator"


def canonical(name: str, args: JsonObject) -> str:
    """What a call's signature is bound to."""
    return f"{name} {json.dumps(args, sort_keys=True)}"


def contents(body: JsonObject, model: str) -> list[JsonObject]:
    """The contents, checked, in camelCase; a missing role is the user's."""
    if not body.get("contents"):
        raise Refusal("* GenerateContentRequest.contents: contents is not specified")
    found = []
    for index, entry in enumerate(objects(body["contents"], "contents")):
        content = camel(entry, CONTENT, f"contents[{index}]")
        if content.get("role", "user") not in {"user", "model"}:
            raise Refusal("Please use a valid role: user, model.")
        parts = _parts(content.get("parts"), f"contents[{index}]")
        found.append({"role": content.get("role", "user"), "parts": parts})
    _check_pairs(found)
    if is_three(model):
        _check_signatures(found)
    return found


def system(body: JsonObject) -> str:
    """The system instruction's text."""
    if body.get("systemInstruction") is None:
        return ""
    content = camel(body["systemInstruction"], CONTENT, "system_instruction")
    parts = _parts(content.get("parts"), "system_instruction")
    if any(set(part) != {"text"} for part in parts):
        raise Refusal("system_instruction: only text parts are supported")
    return "\n".join(part["text"] for part in parts)


def _parts(given: object, where: str) -> list[JsonObject]:
    if not given:
        raise Refusal(f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.")
    return [
        _part(part, f"{where}.parts[{number}]")
        for number, part in enumerate(objects(given, f"{where}.parts"))
    ]


def _part(given: JsonObject, where: str) -> JsonObject:
    part = camel(given, PART, where)
    data = [name for name in part if name in DATA]
    if not data:
        raise Refusal(
            f"* GenerateContentRequest.{where}.data: required oneof field 'data' must "
            "have one initialized field"
        )
    if len(data) > 1:
        raise Refusal(f"Invalid value at '{where}' (oneof), oneof field 'data' is already set.")
    kind = data[0]
    if kind == "text" and not isinstance(part["text"], str):
        raise Refusal(f"Invalid value at '{where}.text' (TYPE_STRING)")
    if kind == "functionCall":
        call = camel(part[kind], CALL, f"{where}.function_call")
        if not fits(NAME, call.get("name")):
            raise Refusal(
                f"* GenerateContentRequest.{where}.function_call.name: Invalid function name."
            )
        if not isinstance(call.get("args", {}), dict):
            raise Refusal(f"Invalid value at '{where}.function_call.args' ({STRUCT})")
        part[kind] = {"args": {}, **call}
    elif kind == "functionResponse":
        response = camel(part[kind], RESPONSE, f"{where}.function_response")
        if not response.get("name"):
            raise Refusal(
                f"* GenerateContentRequest.{where}.function_response.name: Name cannot be empty."
            )
        if not isinstance(response.get("response"), dict):
            raise Refusal(f"Invalid value at '{where}.function_response.response' ({STRUCT})")
        inner = [_part(p, f"{where}.function_response.parts") for p in response.get("parts") or ()]
        part[kind] = {**response, "parts": inner}
    elif kind == "inlineData":
        blob = camel(part[kind], BLOB, f"{where}.inline_data")
        if not str(blob.get("mimeType", "")).startswith(MEDIA):
            raise Refusal(f"Unsupported MIME type: {blob.get('mimeType')}")
        if decoded(blob.get("data"), url_safe=True) is None:
            raise Refusal(
                f"Invalid value at '{where}.inline_data.data' (TYPE_BYTES), Base64 decoding failed"
            )
        part[kind] = blob
    elif kind == "fileData":
        part[kind] = camel(part[kind], FILE, f"{where}.file_data")
        if not part[kind].get("fileUri"):
            raise Refusal(f"* GenerateContentRequest.{where}.file_data.file_uri: must not be empty")
    signature = part.get("thoughtSignature")
    if signature is not None and signature != SKIP and not is_ours("gemini", signature):
        raise Refusal("Corrupted thought signature.")
    return part


def _check_pairs(found: list[JsonObject]) -> None:
    """A turn of calls is answered by the next content, with as many responses, name by name."""
    for index, content in enumerate(found):
        calls = [p["functionCall"] for p in content["parts"] if "functionCall" in p]
        if calls and content["role"] != "model":
            raise Refusal("Function call parts are only allowed in model turns.")
        if calls and (index == 0 or found[index - 1]["role"] != "user"):
            raise Refusal(
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )
        answers = [p["functionResponse"] for p in content["parts"] if "functionResponse" in p]
        before = found[index - 1]["parts"] if index else []
        asked = [p["functionCall"] for p in before if "functionCall" in p]
        if answers and not asked:
            raise Refusal(
                "Please ensure that function response turn comes immediately after a function "
                "call turn."
            )
        if len(answers) != len(asked):
            raise Refusal(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        if sorted(a["name"] for a in answers) != sorted(c["name"] for c in asked):
            raise Refusal("Please ensure that function response names match the function calls.")
        ids = {a["id"] for a in answers if a.get("id")} - {c.get("id") for c in asked}
        if ids:
            raise Refusal(f"Function response id {min(ids)} has no function call.")
    if any("functionCall" in part for part in found[-1]["parts"]):
        raise Refusal("Please ensure that function call turn is followed by function responses.")


def _check_signatures(found: list[JsonObject]) -> None:
    """In the current turn (since the last user text) the first call of each step is signed, with
    the signature that came with it."""
    start = 0
    for index, content in enumerate(found):
        spoken = content["role"] == "user" and not any(
            "functionResponse" in part for part in content["parts"]
        )
        start = index if spoken else start
    for index, content in enumerate(found[start:], start):
        calls = [
            (number, part) for number, part in enumerate(content["parts"]) if "functionCall" in part
        ]
        for order, (number, part) in enumerate(calls):
            call, signature = part["functionCall"], part.get("thoughtSignature")
            if signature is None:
                if order == 0:
                    raise Refusal(
                        "Function call is missing a thought_signature in functionCall parts. This "
                        "is required for tools to work correctly, and missing thought_signature "
                        "may lead to degraded model performance. Additional data, function call "
                        f"`default_api:{call['name']}`, position {index}.{number}."
                    )
            elif signature != SKIP and not is_ours(
                "gemini", signature, canonical(call["name"], call["args"])
            ):
                raise Refusal(f"Thought signature is not valid for function call {call['name']}.")
