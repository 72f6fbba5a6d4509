"""The forms of text calls that are read, as a table: how each begins, and how its body is read.

Ours (`guide`) carries the request's mark. The others are what models were trained on, from the chat
templates and model cards of their makers (2026-11): `cs` of Chatspeed; `invoke` of Anthropic, with
MiniMax's and DeepSeek's (V3.2 and later) wrappers; `hermes` of Hermes, Qwen 2.5 and 3; `qwen` of
Qwen3-Coder; `glm` of GLM 4.5 and later; `llama` of Llama 3.1 and later; `deepseek` of V3 and R1;
`kimi` of Kimi K2; `mistral`; `json`, a fenced object; `react`, Action and Action Input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from dragoman.toolcalls.text.json_body import json_body
from dragoman.toolcalls.text.markup import attributes
from dragoman.toolcalls.text.offer import Offer
from dragoman.toolcalls.text.patterns import Atom, Beginning, atom, beginning
from dragoman.toolcalls.text.steps import Asked, Ending, Read, Step, Unread
from dragoman.toolcalls.text.tagged_body import Tags, free_body, no_body, tagged_body

Body = Callable[[str, re.Match[str], Ending | None, Offer], Step]


class Form(msgspec.Struct, frozen=True):
    """One way a call is written. `last`: it counts only as the turn's last thing; `at_line_start`:
    it begins a line; `marked`: it carries the request's mark, which no quoted text has."""

    dialect: str
    begins: Beginning
    body: Body
    last: bool = False
    at_line_start: bool = False
    marked: bool = False


_GAP = atom(r"\s{0,40}")
_NAME = atom(r"(?P<name>[\w.:/-]{1,200})", r"[\w.:/-]{1,200}")
_QUOTE = atom(r"[\"']?")
_SPACE = r"(?:[A-Za-z]{1,12}:|[｜|]{1,2}DSML[｜|]{1,2})?"
_NAMESPACE = Atom(_SPACE, r"[A-Za-z:｜|]{0,16}")
_ATTRIBUTES = atom(r"(?P<attributes>\s[^<>]{1,400})", r"\s[^<>]{0,400}")
_JSON = atom(r"(?=[{\[])")
_OBJECT = atom(r"(?=\{)")
_WRAPPERS = atom(r"(?:function_calls|tool_calls|tool_call|calls)", r"[a-z_]{0,14}")

_ENDS = r"(?:function_calls?|tool_calls?|calls|invoke|function|parameter|tool_use|args?|arg_value)"
STRAY = re.compile(
    rf"</{_SPACE}(?:{_ENDS}|call)>"
    r"|<[｜|]{1,2}tool[▁_]calls?[▁_]end[｜|]{1,2}>|<\|tool_calls_section_end\|>|<\|tool_call_end\|>"
    r"|<\|eom_id\|>|<\|eot_id\|>|</s>|</(?:call|arg)-[a-z0-9]{3,40}>"
)
"""Ends that stand behind a call and belong to it: of its wrapper, or once too often."""
LEFT_OPEN = re.compile(r"Observation:\s{0,256}\Z")
"""What some models put behind their call for its result to follow."""
_OBSERVATION = beginning("Observation:", atom(r"\s{0,256}")).begun.pattern
STRAY_BEGUN = re.compile(rf"<[/｜|]?[\w:｜|▁-]{{0,40}}\Z|{_OBSERVATION}")
_FOLLOWS = re.compile(
    rf"</{_SPACE}(?:{_ENDS}|parameters?|arguments|tool|name)>|<{_SPACE}(?:invoke|parameter|args?)[\s=>]"
    r"|<(?:function|parameter)=|<arg_key>|<tool_call>|<[｜|]{1,2}tool|<\|"
)
_PARAMETER = re.compile(
    rf"<{_SPACE}(?:parameter|param|arg)(?:=[\"']?(?P<key>[^<>\"'\s]{{1,200}})[\"']?"
    r"|(?P<attributes>\s[^<>]{1,400}))>"
)
_INVOKE = Tags(
    value=_PARAMETER,
    unclosed=_PARAMETER,
    close=rf"</{_SPACE}(?:parameter|param|arg)>",
    end=re.compile(rf"</{_SPACE}(?:invoke|function_calls)>"),
    again=re.compile(rf"<{_SPACE}invoke\s"),
    follows=_FOLLOWS,
)
_FUNCTION = msgspec.structs.replace(
    _INVOKE,
    end=re.compile(r"</function>|</tool_call>"),
    again=re.compile(r"<function=|<tool_call>"),
)
_KEY = re.compile(r"<arg_key>(?P<key>[^<>]{1,200})</arg_key>\s*<arg_value>")
_GLM = Tags(
    value=_KEY,
    unclosed=_KEY,
    close="</arg_value>",
    end=re.compile(r"</tool_call>"),
    again=re.compile(r"<tool_call>"),
    follows=_FOLLOWS,
)
_CS = Tags(
    value=re.compile(r"<(?P<tag>[A-Za-z_][\w.-]{0,200})(?P<attributes>(?:\s[^<>]{0,4000})?)>"),
    unclosed=re.compile(r"<arg(?P<attributes>\s[^<>]{1,400})>"),
    close="</TAG>",
    end=re.compile(r"</(?:[A-Za-z]{1,12}:)?tool_use>"),
    again=re.compile(r"<(?:[A-Za-z]{1,12}:)?tool_use>"),
    follows=re.compile(r"</|<[A-Za-z_][\w.-]*[\s>]|<[A-Za-z]{1,12}:tool_use>"),
    entities=True,
)


def _undeclared(match: re.Match[str]) -> Unread:
    """Only the head is text: what follows it is looked at anew."""
    return Unread(match.end())


def _tagged(tags: Tags) -> Body:
    def body(text: str, head: re.Match[str], ending: Ending | None, offer: Offer) -> Step:
        groups = head.groupdict()
        name = groups.get("name") or attributes(groups.get("attributes") or "").get("name", "")
        tool = offer.find(name)
        if tool is None:
            return _undeclared(head)
        if (groups.get("attributes") or "").endswith("/"):
            return Read((Asked(name, {}, texts=True),), head.end())
        properties = tool.schema.get("properties")
        known = list(properties) if isinstance(properties, dict) else []
        return tagged_body(text, head.end(), tags, ending, name, known)

    return body


def _json(close: str, named: Callable[[str], str] = str, signs: str = ">") -> Body:
    end = re.compile(close)

    def body(text: str, head: re.Match[str], ending: Ending | None, offer: Offer) -> Step:
        name = named(head.groupdict().get("name") or "")
        if name and offer.find(name) is None:
            return _undeclared(head)
        return json_body(text, head.end(), end, ending, name, signs)

    return body


def marked_form(mark: str) -> Form:
    """Our own form with a request's mark; a call may lengthen it by any number of x."""

    def body(text: str, head: re.Match[str], ending: Ending | None, offer: Offer) -> Step:
        name = attributes(head["attributes"]).get("name", "")
        tool = offer.find(name)
        own = re.escape(mark) + head["longer"]
        end = re.compile(rf"</call-{own}>")
        if tool is None:
            return no_body(text, head.end(), end, ending, f"there is no tool {name!r}")
        if tool.kind == "custom":
            wrapped = re.compile(rf"<arg-{own}\s[^<>]*>(?P<value>.*)</arg-{own}>", re.DOTALL)
            return free_body(text, head.end(), end, wrapped, ending, name)
        value = re.compile(rf"<arg-{own}(?P<attributes>\s[^<>]{{1,400}})>")
        tags = Tags(
            value=value,
            unclosed=value,
            close=rf"</arg-{own}>",
            end=end,
            again=re.compile(rf"<call-{re.escape(mark)}"),
            follows=_FOLLOWS,
            sure=True,
        )
        return tagged_body(text, head.end(), tags, ending, name, ())

    longer = atom(r"(?P<longer>x{0,20})", r"x{0,20}")
    begins = beginning(f"<call-{mark}", longer, _ATTRIBUTES, ">")
    return Form("dragoman", begins, body, marked=True)


_CALL = Tags(
    value=_CS.unclosed,
    unclosed=_CS.unclosed,
    close="</arg>",
    end=re.compile(r"</call>"),
    again=re.compile(r"<call\s"),
    follows=re.compile(r"</(?:call|arg)>|<(?:call|arg)\s"),
)


def _kimi_name(name: str) -> str:
    return name.removeprefix("functions.").partition(":")[0]


def _deepseek_tag(*words: str) -> list[str | Atom]:
    """One of DeepSeek's tags, whose bars and joints come in several shapes."""
    pieces: list[str | Atom] = ["<", atom(r"[｜|]{1,2}")]
    for word in words[:-1]:
        pieces += [word, atom("[▁_]")]
    return [*pieces, words[-1], atom(r"[｜|]{1,2}"), ">"]


def _deepseek() -> list[Form]:
    section = [*_deepseek_tag("tool", "calls", "begin"), _GAP]
    begin = [*_deepseek_tag("tool", "call", "begin"), _GAP]
    sep = [*_deepseek_tag("tool", "sep"), _GAP]
    plain = [_NAME, _GAP, *sep, _JSON]
    fence = atom(r"(?:```(?:json)?\s{0,20})?", r"`{0,3}[a-z]{0,4}\s{0,20}")
    typed: list[str | Atom] = ["function", _GAP, *sep, _NAME, _GAP, fence, _JSON]
    close = r"(?:```\s*)?<[｜|]{1,2}tool[▁_]call[▁_]end[｜|]{1,2}>"
    return [
        Form("deepseek", beginning(*outer, *begin, *inner), _json(close))
        for outer in (section, [])
        for inner in (typed, plain)
    ]


def _in_wrappers(tags: Sequence[str | Atom]) -> list[list[str | Atom]]:
    return [["<", _NAMESPACE, _WRAPPERS, ">", _GAP, *tags], list(tags)]


_FENCE_KIND = atom(
    r"(?:json|JSON|tool_call|tool_use|tool_code|tool|function_call)?", r"[A-Za-z_]{0,14}"
)
_FENCED_JSON = atom(
    r"(?=\[?\s{0,20}\{\s{0,20}[\"']"
    r"(?:name|tool|tool_name|function|function_name|action|arguments|parameters|args|input|type"
    r"|id|tool_calls)[\"'])",
    r"\[?\s{0,20}\{?\s{0,20}[\"']?[a-z_]{0,14}[\"']?",
)

_TOOL_CALL: tuple[str | Atom, ...] = ("<tool_call>", _GAP)
_KIMI: tuple[str | Atom, ...] = ("<|tool_calls_section_begin|>", _GAP)

FORMS: tuple[Form, ...] = (
    Form("dragoman", beginning("<call", _ATTRIBUTES, ">"), _tagged(_CALL)),
    *(
        Form("cs", beginning("<", _NAMESPACE, "tool_use>", _GAP, *id_, "<name>", _GAP, _NAME,
                             _GAP, "</name>"), _tagged(_CS))
        for id_ in ((), ("<id>", atom(r"[^<>]{0,200}"), "</id>", _GAP))
    ),
    *(
        Form("invoke", beginning(*pieces), _tagged(_INVOKE))
        for pieces in _in_wrappers(["<", _NAMESPACE, "invoke", _ATTRIBUTES, ">"])
    ),
    *(
        Form("hermes", beginning(opening, _GAP, _JSON), _json(close))
        for opening, close in (
            ("<tool_call>", "</tool_call>"),
            ("<|tool_call|>", r"<\|/?tool_call\|>"),
            ("<function_call>", "</function_call>"),
        )
    ),
    *(
        Form("qwen", beginning(*pieces, "<function=", _QUOTE, _NAME, _QUOTE, ">"),
             _tagged(_FUNCTION))
        for pieces in (_TOOL_CALL, ())
    ),
    Form("glm", beginning("<tool_call>", _GAP, _NAME, atom(r"(?=[\s<])")), _tagged(_GLM)),
    Form("llama", beginning("<|python_tag|>", _GAP, _JSON), _json(r"<\|eom_id\|>|<\|eot_id\|>")),
    *_deepseek(),
    *(
        Form("kimi", beginning(*pieces, "<|tool_call_begin|>", _GAP, _NAME, _GAP,
                               "<|tool_call_argument_begin|>", _GAP, _JSON),
             _json(r"<\|tool_call_end\|>", _kimi_name))
        for pieces in (_KIMI, ())
    ),
    Form("mistral", beginning("[TOOL_CALLS]", _GAP, _JSON), _json("</s>")),
    Form("mistral", beginning("[TOOL_CALLS]", _GAP, _NAME,
                              atom(r"(?:\[ARGS\])?", r"\[?A?R?G?S?\]?"), _GAP, _OBJECT),
         _json(r"</s>|(?=\[TOOL_CALLS\])", signs=">]")),
    Form("json", beginning("```", _FENCE_KIND, atom(r"[ \t]{0,8}"), "\n", _GAP, _FENCED_JSON),
         _json(r"\n[ \t]*```", signs="`"), last=True, at_line_start=True),
    Form("react", beginning("Action:", atom(r"[ \t]{0,8}"), atom("[`\"*]{0,2}"), _NAME,
                            atom("[`\"*]{0,2}"), atom(r"[ \t]{0,8}"), "\n", _GAP, "Action Input:",
                            _GAP, _OBJECT),
         _json(r"(?=\n(?:Action|Observation|Thought):)", signs=":"), last=True, at_line_start=True),
)  # fmt: skip

DIALECTS = tuple(dict.fromkeys(form.dialect for form in FORMS))


def forms_of(mark: str, dialects: Sequence[str]) -> tuple[Form, ...]:
    """What is read in the answer to a request with this mark. Ours always is; `dialects` narrows
    the others, empty = all."""
    kept = [form for form in FORMS if not dialects or form.dialect in dialects]
    return (marked_form(mark), *kept)
