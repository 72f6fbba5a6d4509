"""What the Gemini API refuses of a request's fields, tools and settings (reference,
"models.generateContent", "Schema", "FunctionDeclaration", "ThinkingConfig"; v1beta, 2026-11). Field
names may be camelCase or snake_case, as protobuf JSON has it. Contents are in `gemini_turns.py`."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.refusal import JsonObject, Refusal, fields, fits, objects

TOP = fields(
    "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent"
    " serviceTier store model"
)
GENERATION = fields(
    "stopSequences responseMimeType responseSchema responseJsonSchema responseModalities"
    " candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty"
    " responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig"
    " mediaResolution"
)
THINKING = frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"})
TOOL = fields(
    "functionDeclarations googleSearch googleSearchRetrieval codeExecution urlContext fileSearch"
    " computerUse googleMaps mcpServers"
)
DECLARATION = fields(
    "name description behavior parameters parametersJsonSchema response responseJsonSchema"
)
SCHEMA = fields(
    "type format title description nullable enum maxItems minItems properties required"
    " minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering"
    " default items minimum maximum"
)
LEVELS = {"THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH"}
TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
NAME = r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"


def is_three(model: str) -> bool:
    return model.startswith("gemini-3")


def camel(value: object, allowed: frozenset[str], where: str) -> JsonObject:
    """The object with its names in camelCase; an unknown one is refused as Google does."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"Invalid value at '{where}'")
    out = {}
    for key, inner in value.items():
        name = re.sub(r"_([a-z])", lambda found: found[1].upper(), key)
        if name not in allowed:
            place = f" at '{where}'" if where else ""
            raise Refusal(
                f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.'
            )
        out[name] = inner
    return out


def generation(body: JsonObject, model: str) -> JsonObject:
    """The generation settings, checked, in camelCase (`thinkingConfig` too)."""
    config = camel(body.get("generationConfig"), GENERATION, "generation_config")
    if not 0 <= (config.get("temperature") or 0) <= 2:
        raise Refusal("* GenerateContentRequest.generation_config.temperature: must be in [0, 2]")
    if (config.get("maxOutputTokens") or 1) < 1:
        raise Refusal("* GenerateContentRequest.generation_config.max_output_tokens: must be > 0")
    if len(config.get("stopSequences") or ()) > 5:
        raise Refusal("The number of stop sequences must be at most 5.")
    if not 1 <= (config.get("candidateCount") or 1) <= 8:
        raise Refusal("candidate_count must be in the range [1, 8].")
    schema, json_schema = config.get("responseSchema"), config.get("responseJsonSchema")
    if schema is not None and json_schema is not None:
        raise Refusal("Only one of response_schema and response_json_schema may be set.")
    typed = config.get("responseMimeType") in {"application/json", "text/x.enum"}
    if (schema is not None or json_schema is not None) and not typed:
        raise Refusal("Response schema is only supported with response_mime_type application/json.")
    if schema is not None:
        check_schema(schema, "generation_config.response_schema")
    check_property_names(json_schema, "generation_config.response_json_schema")
    thinking = camel(config.get("thinkingConfig"), THINKING, "generation_config.thinking_config")
    _check_thinking(thinking, model)
    return {**config, "thinkingConfig": thinking}


def _check_thinking(thinking: JsonObject, model: str) -> None:
    level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
    if level is not None and budget is not None:
        raise Refusal("You can only set only one of thinking budget and thinking level.")
    if level is not None:
        if str(level).upper() not in LEVELS:
            raise Refusal(
                f"Invalid value at 'generation_config.thinking_config.thinking_level' ({level})"
            )
        if not is_three(model):
            raise Refusal("Thinking level is not supported for this model.")
    if budget is not None:
        if isinstance(budget, bool) or not isinstance(budget, int) or not -1 <= budget <= 32768:
            raise Refusal(
                f"The thinking budget {budget} is invalid. Please choose a "
                "value between 128 and 32768."
            )
        if budget == 0 and "pro" in model:
            raise Refusal("Budget 0 is invalid. This model only works in thinking mode.")


def tools(body: JsonObject, model: str) -> list[JsonObject]:
    """The function declarations, checked, in camelCase."""
    found: list[JsonObject] = []
    hosted = False
    for index, entry in enumerate(objects(body.get("tools") or [], "tools")):
        tool = camel(entry, TOOL, f"tools[{index}]")
        hosted = hosted or bool(set(tool) - {"functionDeclarations"})
        for number, one in enumerate(tool.get("functionDeclarations") or ()):
            where = f"tools[{index}].function_declarations[{number}]"
            found.append(_declaration(one, where))
    names = [one["name"] for one in found]
    if len(set(names)) < len(names):
        raise Refusal(f"Duplicate function declaration found: {max(names, key=names.count)}")
    if hosted and found and not is_three(model):
        raise Refusal("Built-in tools and Function Calling cannot be combined in the same request.")
    _check_config(body, set(names))
    return found


def _declaration(given: Any, where: str) -> JsonObject:
    one = camel(given, DECLARATION, where)
    if not fits(NAME, one.get("name")):
        raise Refusal(
            f"{where}.name: Invalid function name. Must start with a letter or an underscore. Must "
            "be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), "
            "with a maximum length of 64."
        )
    if one.get("parameters") is not None and one.get("parametersJsonSchema") is not None:
        raise Refusal(f"{where}: only one of parameters and parameters_json_schema may be set.")
    if one.get("parameters") is not None:
        check_schema(one["parameters"], f"{where}.parameters")
    check_property_names(one.get("parametersJsonSchema"), f"{where}.parameters_json_schema")
    return one


def _check_config(body: JsonObject, names: set[str]) -> None:
    allowed = frozenset({"functionCallingConfig", "retrievalConfig"})
    config = camel(body.get("toolConfig"), allowed, "tool_config")
    calling = camel(
        config.get("functionCallingConfig"),
        frozenset({"mode", "allowedFunctionNames"}),
        "tool_config.function_calling_config",
    )
    mode, wanted = calling.get("mode", "AUTO"), calling.get("allowedFunctionNames")
    if mode not in {"MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"}:
        raise Refusal(f"Invalid value at 'tool_config.function_calling_config.mode' ({mode})")
    if mode in {"ANY", "VALIDATED"} and not names:
        raise Refusal("Function calling config is set without function_declarations.")
    if wanted and mode not in {"ANY", "VALIDATED"}:
        raise Refusal("Allowed function names should only be set when mode is ANY or VALIDATED.")
    for name in wanted or ():
        if name not in names:
            raise Refusal(f"allowed_function_names: '{name}' is not declared.")


def check_schema(schema: object, where: str) -> None:
    """The OpenAPI subset of `parameters` and `responseSchema`."""
    part = camel(schema, SCHEMA, where)
    kind = part.get("type")
    if kind is None and "anyOf" not in part:
        raise Refusal(f"* {where}.type: must be specified")
    if kind is not None and (not isinstance(kind, str) or kind.upper() not in TYPES):
        raise Refusal(f"Invalid value at '{where}.type' (type.googleapis.com/Type), {kind}")
    kind = str(kind).upper()
    if "enum" in part and (kind != "STRING" or not all(isinstance(v, str) for v in part["enum"])):
        raise Refusal(f"* {where}.enum: only allowed for STRING type")
    if kind == "STRING" and part.get("format") not in {None, "enum", "date-time"}:
        raise Refusal(
            f"* {where}.format: only 'enum' and 'date-time' are supported for STRING type"
        )
    if kind == "ARRAY" and not part.get("items"):
        raise Refusal(f"* {where}.items: missing field.")
    properties = part.get("properties") or {}
    for name, inner in properties.items():
        _check_property(name, where)
        check_schema(inner, f"{where}.properties[{name}]")
    for name in part.get("required") or ():
        if name not in properties:
            raise Refusal(f"* {where}.required[0]: property is not defined: {name}")
    if part.get("items"):
        check_schema(part["items"], f"{where}.items")
    for index, inner in enumerate(part.get("anyOf") or ()):
        check_schema(inner, f"{where}.any_of[{index}]")


def _check_property(name: str, where: str) -> None:
    if not fits(NAME, name):
        raise Refusal(
            f"* {where}.properties: property name '{name}' is invalid: should start with a letter "
            "or underscore and be at most 64 letters, digits, '_', '.', ':' or '-'."
        )


def check_property_names(schema: object, where: str) -> None:
    """JSON Schema is taken whole, but for the names of properties."""
    if isinstance(schema, list):
        for inner in schema:
            check_property_names(inner, where)
    elif isinstance(schema, dict):
        for key, inner in schema.items():
            if key == "properties" and isinstance(inner, dict):
                for name, child in inner.items():
                    _check_property(name, where)
                    check_property_names(child, f"{where}.properties[{name}]")
            elif key not in {"enum", "const", "default", "example", "examples"}:
                check_property_names(inner, where)
