"""Every form of text calls, as models write it and as they break it (ccproxy.md §4, appendix D)."""

from __future__ import annotations

import pytest
from tests.fakes.dialects import WRITERS
from tests.toolcalls.text.reading import MARK, called, prose, read, source

CODE = 'if a < b && c:\n    print("it\'s <b>&amp;</b>")\n\t# }]\\n é🚀'


@pytest.mark.parametrize("form", WRITERS)
def test_each_form_gives_the_call_it_writes(form: str) -> None:
    text = WRITERS[form]("Write", {"path": "/a b", "content": CODE, "mode": 5}, MARK)
    assert called(text) == [("Write", {"path": "/a b", "content": CODE, "mode": 5})]


@pytest.mark.parametrize("form", WRITERS)
def test_several_calls_of_a_form_stand_one_after_another(form: str) -> None:
    two = [WRITERS[form]("Read", {"path": path}, MARK).lstrip() for path in ("/a", "/b")]
    text = "I read both.\n\n" + "\n".join(two)
    assert called(text) == [("Read", {"path": "/a"}), ("Read", {"path": "/b"})]
    assert prose(read(text)) == "I read both."


@pytest.mark.parametrize("form", set(WRITERS) - {"dragoman", "dsml"})
def test_dialects_narrow_the_list(form: str) -> None:
    text = WRITERS[form]("Read", {"path": "/a"}, MARK)
    assert called(text, form) == [("Read", {"path": "/a"})]
    other = "kimi" if form != "kimi" else "cs"
    assert called(text, other) == []
    assert called(WRITERS["dragoman"]("Read", {"path": "/a"}, MARK), other) != []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f'<call-{MARK} name="Read">\n<arg-{MARK} name="path">/a\n'
            f'<arg-{MARK} name="limit">5.0</arg-{MARK}>\n</call-{MARK}>',
            id="ours, an argument's end forgotten",
        ),
        pytest.param(
            f"<call-{MARK} name='Read'>\n<arg-{MARK} name=path>/a</arg>\n"
            f'<arg-{MARK} name="limit">5</arg-{MARK}>\n</arg-{MARK}></call-{MARK}></call-{MARK}>',
            id="ours, the wrong end and ends too often",
        ),
        pytest.param(
            f'<call-{MARK} name="functions.read" id="7">\n<args>\n'
            f'<arg-{MARK} name="path">/a</arg-{MARK}>\n'
            f'<arg-{MARK} name="limit" type="integer"> 5 </arg-{MARK}>\n</args>\n',
            id="ours, its own end forgotten, name and tags not quite right",
        ),
        pytest.param(
            f'<call-{MARK} name="Read">{{"path": "/a", "limit": "5"}}</call-{MARK}>',
            id="ours, JSON in place of arguments",
        ),
        pytest.param(
            '<call name="Read"><arg name="path">/a</arg><arg name="limit">5</arg></call>',
            id="ours without its mark",
        ),
        pytest.param(
            "<cs:tool_use><name>Read</name><arg name='path' type=string>/a</arg>"
            '<arg name="limit" value="5"/></cs:tool_use></cs:tool_use>',
            id="cs without args, one empty tag",
        ),
        pytest.param(
            "<ccp:tool_use><id>x</id><name>Read</name><args><path>/a</path><limit>5</limit>"
            "</args></tool_use>",
            id="cs in another wrapper, tags named after arguments",
        ),
        pytest.param(
            "<tool_use><name>Read</name><args><path><![CDATA[/a]]></path>"
            "<limit>&#53;</limit></args></tool_use>",
            id="cs, CDATA and a numbered entity",
        ),
        pytest.param(
            '<invoke name="Read"><parameter name="path">/a\n<parameter name="limit">5</parameter>'
            "</invoke>",
            id="invoke, an argument's end forgotten, no wrapper",
        ),
        pytest.param(
            '<function_calls><invoke name="Read"><parameter name="path">/a</parameter>'
            '<parameter name="limit">5</parameter></function_calls>',
            id="invoke, its own end forgotten",
        ),
        pytest.param(
            '<minimax:tool_call><invoke name="Read"><parameter name="path">/a</parameter>'
            '<parameter name="limit">5</invoke></minimax:tool_call>',
            id="invoke, the last argument's end forgotten",
        ),
        pytest.param(
            '<tool_call>{"name": "Read", "arguments": {"path": "/a", "limit": 5,}}</tool_call>',
            id="JSON with a comma too many",
        ),
        pytest.param(
            "<tool_call>{'name': 'Read', 'arguments': {'path': '/a', 'limit': 5}}</tool_call>",
            id="JSON with single quotes",
        ),
        pytest.param(
            '<tool_call>{"name": "Read", "arguments": {"path": "/a", "limit": 5}</tool_call>',
            id="JSON without its last bracket",
        ),
        pytest.param(
            '<tool_call>{"name": "Read", "arguments": {"path": "/a", "limit": 5}}}\n',
            id="JSON with a bracket too many and no end",
        ),
        pytest.param(
            '<tool_call>{"function": {"name": "Read", "arguments": "{\\"path\\": \\"/a\\",'
            ' \\"limit\\": 5}"}}</tool_call>',
            id="JSON in Chat's shape",
        ),
        pytest.param(
            '<tool_call>{"tool_calls": [{"tool": "Read", "parameters": {"path": "/a",'
            ' "limit": 5}}]}</tool_call>',
            id="JSON with a list of calls",
        ),
        pytest.param(
            '<function=Read>{"path": "/a", "limit": 5}</function>', id="Llama's function tag"
        ),
        pytest.param(
            "<function=Read>\n<parameter=path>\n/a\n</parameter>\n<parameter=limit>\n5\n"
            "</parameter>\n</tool_call>",
            id="qwen without its opening and its own end",
        ),
        pytest.param(
            "<tool_call>Read<arg_key>path</arg_key><arg_value>/a</arg_value><arg_key>limit"
            "</arg_key><arg_value>5</arg_value>",
            id="glm without its end",
        ),
        pytest.param(
            '<｜tool▁call▁begin｜>Read<｜tool▁sep｜>{"path": "/a", "limit": 5}<｜tool▁call▁end｜>',
            id="deepseek 3.1 without its section",
        ),
        pytest.param(
            '[TOOL_CALLS][{"name": "Read", "arguments": {"path": "/a", "limit": 5}}]</s>',
            id="mistral's list",
        ),
        pytest.param(
            'Action: `Read`\nAction Input: {"path": "/a", "limit": 5}\nObservation: ',
            id="react with room for the result",
        ),
    ],
)  # fmt: skip
def test_a_broken_call_is_repaired(text: str) -> None:
    assert called(text) == [("Read", {"path": "/a", "limit": 5})]


def test_one_text_may_hold_several_calls() -> None:
    one = '{"name": "Read", "parameters": {"path": "/%s"}}'
    both = [("Read", {"path": "/a"}), ("Read", {"path": "/b"})]
    for text in (
        f"<|python_tag|>{one % 'a'}; {one % 'b'}<|eom_id|>",
        f"<|python_tag|>{one % 'a'}\n{one % 'b'}",
        f"<|python_tag|>{one % 'a'};{one % 'b'}; {{",
        f"<tool_call>[{one % 'a'}, {one % 'b'}]</tool_call>",
        f"```json\n[{one % 'a'}, {one % 'b'}]\n```",
    ):
        assert called(text) == both


def test_a_forgotten_end_before_the_next_call_is_no_harm() -> None:
    one = '<tool_call>\n{"name": "Read", "arguments": {"path": "/%s"}}\n'
    text = f"{one % 'a'}{one % 'b'}</tool_call>"
    assert called(text) == [("Read", {"path": "/a"}), ("Read", {"path": "/b"})]
    tags = '<invoke name="Read"><parameter name="path">/%s</parameter>\n'
    text = f"{tags % 'a'}{tags % 'b'}</invoke>"
    assert called(text) == [("Read", {"path": "/a"}), ("Read", {"path": "/b"})]


def test_any_argument_can_be_written_in_our_form() -> None:
    content = f'</call-{MARK}>\n</arg-{MARK}>\n<arg-{MARK} name="mode">1</arg-{MARK}>\r\n'
    longer = WRITERS["dragoman"]("Write", {"path": "/a", "content": content}, f"{MARK}x")
    assert called(longer) == [("Write", {"path": "/a", "content": content})]


def test_text_that_looks_like_an_end_stays_in_a_value() -> None:
    content = "a </parameter> b </invoke> c <parameter name=x> </parameter></div>"
    for form in ("invoke", "qwen", "dsml"):
        text = WRITERS[form]("Write", {"path": "/a", "content": content}, MARK)
        assert called(text) == [("Write", {"path": "/a", "content": content})]
    content = 'say </tool_call> and "quote" it'
    text = WRITERS["hermes"]("Write", {"path": "/a", "content": content}, MARK)
    assert called(text) == [("Write", {"path": "/a", "content": content})]


def test_line_breaks_that_set_a_value_apart_are_not_in_it() -> None:
    inner = f'<arg-{MARK} name="content">'
    for written, content in (
        ("\nx\n", "x"),
        ("\r\nx\r\n", "x"),
        ("\n\nx\n\n", "\nx\n"),
        ("x\n", "x\n"),
        ("\n", ""),
    ):
        text = (
            f'<call-{MARK} name="Write"><arg-{MARK} name="path">/a</arg-{MARK}>'
            f"{inner}{written}</arg-{MARK}></call-{MARK}>"
        )
        assert called(text) == [("Write", {"path": "/a", "content": content})]


def test_a_free_form_tool_has_its_text_as_it_is() -> None:
    patch = "*** Begin Patch\n+<b>&amp;\n*** End Patch"
    ours = f'<call-{MARK} name="apply_patch">\n{patch}\n</call-{MARK}>'
    assert called(ours) == [("apply_patch", patch)]
    for form in ("dragoman", "hermes", "invoke", "qwen"):
        assert called(WRITERS[form]("apply_patch", {"input": patch}, MARK)) == [
            ("apply_patch", patch)
        ]
    assert called(WRITERS["invoke"]("apply_patch", {"patch": patch}, MARK)) == [
        ("apply_patch", patch)
    ]
    bare = '<tool_call>{"name": "apply_patch", "arguments": "+x"}</tool_call>'
    assert called(bare) == [("apply_patch", "+x")]


def test_our_own_calls_need_not_fit_for_the_client_tells_the_model_why() -> None:
    text = WRITERS["dragoman"]("Write", {"path": "/a", "mode": "high", "more": "1"}, MARK)
    assert called(text) == [("Write", {"path": "/a", "mode": "high", "more": "1"})]
    assert called(f'<call-{MARK} name="Think">\n</call-{MARK}>') == [("Think", {})]


UNREADABLE = [
    pytest.param(f'<call-{MARK} name="Nope">\n</call-{MARK}>', id="no such tool"),
    pytest.param(f'<call-{MARK} name="Read">\n<arg-{MARK} name="path">/a', id="unfinished"),
    pytest.param(f'<call-{MARK} name="apply_patch">\n+x', id="unfinished free text"),
    pytest.param(f'<call-{MARK} name="Read">', id="nothing in it"),
    pytest.param(f'<call-{MARK} name="Read"> so be it </call-{MARK}>', id="text in it"),
    pytest.param(f'<call-{MARK} name="Read"> so be it', id="text in it, and no end"),
    pytest.param(f'<call-{MARK} name="Read">\n<b', id="half a tag"),
    pytest.param(
        f'<call-{MARK} name="Read">\n<arg-{MARK} name="path">a</arg-{MARK}>'
        f'<arg-{MARK} name="path">b</arg-{MARK}></call-{MARK}>',
        id="an argument twice",
    ),
    pytest.param(f'<call-{MARK} name="Read">\n<b>x</b></call-{MARK}>', id="unknown tags"),
    pytest.param('<tool_call>{"name": "Read", "arguments": {"path": 1', id="cut JSON"),
    pytest.param('<tool_call>{"name": "Read", "arguments": {"path": "a</tool_call>', id="in text"),
    pytest.param('<tool_call>{"name": "Read" "x"}</tool_call>', id="no JSON"),
    pytest.param('<tool_call>{"name": 1 2}</tool_call>', id="no JSON either"),
    pytest.param('<tool_call>{"arguments": {}}', id="nameless, and no end"),
    pytest.param('<tool_call>{"name": "Read", "arguments": {}}</tool_call>', id="misfit"),
    pytest.param('<tool_call>{"name": "Nope", "arguments": {}}</tool_call>', id="undeclared"),
    pytest.param('<tool_call>{"arguments": {"path": "a"}}</tool_call>', id="nameless"),
    pytest.param('<tool_call>{"name": "Read", "arguments": [1]}</tool_call>', id="a list"),
    pytest.param('<tool_call>{"name": "Read", "arguments": "x"}</tool_call>', id="a text"),
    pytest.param('<tool_call>{"arguments": "x"}</tool_call>', id="a nameless text"),
    pytest.param('<tool_call>[1, {"name": "Read"}]</tool_call>', id="numbers"),
    pytest.param('<tool_call>{"name": "Read", "arguments": {"path": "a"}} so</tool_call>', id="so"),
    pytest.param('<tool_call>{"name": "apply_patch", "arguments": {"a": 1}}</tool_call>', id="1"),
    pytest.param('<invoke name="Nope"><parameter name="a">b</parameter></invoke>', id="no tool"),
    pytest.param("<tool_call>Nope\n<arg_key>a</arg_key></tool_call>", id="glm, no tool"),
    pytest.param("[TOOL_CALLS]Nope[ARGS]{}", id="mistral, no tool"),
    pytest.param("<invoke name=Read><parameter name=path>a</parameter> so", id="text behind"),
    pytest.param("<tool_call>\n", id="nothing behind"),
    pytest.param("```json\n", id="an empty fence"),
    pytest.param('```json\n{"name": "Read", "x": 1}\n```', id="a fence with other JSON"),
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_text(text: str) -> None:
    assert called(text) == []
    assert prose(read(text)) == text


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_was_cut_off_is_text(text: str) -> None:
    assert prose(read(text, ending="cut")) == text


def test_a_call_whose_end_was_cut_off_is_not_completed() -> None:
    text = '<tool_call>{"name": "Read", "arguments": {"path": "/a"}'
    assert called(text) == [("Read", {"path": "/a"})]
    assert prose(read(text, ending="cut")) == text
    text = '<invoke name="Read"><parameter name="path">/a</parameter>'
    assert called(text) == [("Read", {"path": "/a"})]
    assert prose(read(text, ending="cut")) == text


def test_a_call_may_name_its_tool_and_give_nothing() -> None:
    assert called('Ok. <invoke name="Think"/> and so on') == [("Think", {})]


@pytest.mark.parametrize("form", WRITERS)
def test_a_long_value_in_small_pieces_is_read_as_it_is(form: str) -> None:
    content = "if a > b: `x`[0]\n" * 300
    text = WRITERS[form]("Write", {"path": "/a", "content": content}, MARK)
    assert called(text) == [("Write", {"path": "/a", "content": content})]


def test_ten_thousand_openings_are_no_more_work_than_prose() -> None:
    for opening in ("<tool_call>", "<function_calls>", "```json\n{", f"<call-{MARK} ", "Action: "):
        text = opening * 10_000
        assert source(read(text, step=9)) == text
