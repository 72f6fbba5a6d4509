"""Tool calls in text, as models write them: a function per form, by the names of the setting
`tools.dialects` ("dragoman" is the gateway's own, with the mark of its request)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

Arguments = Mapping[str, object]
Writer = Callable[[str, Arguments, str], str]


def plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(name: str, arguments: Arguments, key: str = "arguments") -> str:
    return json.dumps({"name": name, key: arguments}, ensure_ascii=False)


def dragoman(name: str, arguments: Arguments, mark: str) -> str:
    values = "".join(
        f'<arg-{mark} name="{k}">\n{plain(v)}\n</arg-{mark}>\n' for k, v in arguments.items()
    )
    return f'<call-{mark} name="{name}">\n{values}</call-{mark}>'


def cs(name: str, arguments: Arguments, _mark: str) -> str:
    def escaped(value: object) -> str:
        return plain(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    values = "".join(
        f'<arg name="{k}" type="string">{escaped(v)}</arg>' for k, v in arguments.items()
    )
    return f"<cs:tool_use><name>{name}</name><args>{values}</args></cs:tool_use>"


def invoke(name: str, arguments: Arguments, _mark: str) -> str:
    values = "".join(
        f'<parameter name="{k}">{plain(v)}</parameter>\n' for k, v in arguments.items()
    )
    inner = f'<invoke name="{name}">\n{values}</invoke>'
    return f"<function_calls>\n{inner}\n</function_calls>"


def dsml(name: str, arguments: Arguments, _mark: str) -> str:
    def value(key: str, given: object) -> str:
        kind = str(isinstance(given, str)).lower()
        opening = f'<｜DSML｜parameter name="{key}" string="{kind}">'
        return f"{opening}{plain(given)}</｜DSML｜parameter>\n"

    values = "".join(value(k, v) for k, v in arguments.items())
    inner = f'<｜DSML｜invoke name="{name}">\n{values}</｜DSML｜invoke>'
    return f"<｜DSML｜function_calls>\n{inner}\n</｜DSML｜function_calls>"


def hermes(name: str, arguments: Arguments, _mark: str) -> str:
    return f"<tool_call>\n{_json(name, arguments)}\n</tool_call>"


def qwen(name: str, arguments: Arguments, _mark: str) -> str:
    values = "".join(f"<parameter={k}>\n{plain(v)}\n</parameter>\n" for k, v in arguments.items())
    return f"<tool_call>\n<function={name}>\n{values}</function>\n</tool_call>"


def glm(name: str, arguments: Arguments, _mark: str) -> str:
    values = "".join(
        f"<arg_key>{k}</arg_key>\n<arg_value>{plain(v)}</arg_value>\n" for k, v in arguments.items()
    )
    return f"<tool_call>{name}\n{values}</tool_call>"


def llama(name: str, arguments: Arguments, _mark: str) -> str:
    return f"<|python_tag|>{_json(name, arguments, 'parameters')}<|eom_id|>"


def deepseek(name: str, arguments: Arguments, _mark: str) -> str:
    inner = (
        f"function<｜tool▁sep｜>{name}\n```json\n{json.dumps(arguments, ensure_ascii=False)}\n```"
    )
    return (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{inner}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    )


def kimi(name: str, arguments: Arguments, _mark: str) -> str:
    inner = f"functions.{name}:0<|tool_call_argument_begin|>{json.dumps(arguments)}"
    return (
        f"<|tool_calls_section_begin|><|tool_call_begin|>{inner}<|tool_call_end|>"
        "<|tool_calls_section_end|>"
    )


def mistral(name: str, arguments: Arguments, _mark: str) -> str:
    return f"[TOOL_CALLS]{name}[ARGS]{json.dumps(arguments)}"


def fenced(name: str, arguments: Arguments, _mark: str) -> str:
    return f"\n```json\n{_json(name, arguments)}\n```"


def react(name: str, arguments: Arguments, _mark: str) -> str:
    return f"\nAction: {name}\nAction Input: {json.dumps(arguments)}"


WRITERS: dict[str, Writer] = {
    "dragoman": dragoman,
    "cs": cs,
    "invoke": invoke,
    "dsml": dsml,
    "hermes": hermes,
    "qwen": qwen,
    "glm": glm,
    "llama": llama,
    "deepseek": deepseek,
    "kimi": kimi,
    "mistral": mistral,
    "json": fenced,
    "react": react,
}
