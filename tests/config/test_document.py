import pytest

from dragoman.config.document import SyntaxProblem, parse
from dragoman.config.problems import Notice


def test_values_come_with_the_line_of_each() -> None:
    document = parse("a: 1\nb:\n  - x\n  - c: yes\n    d: 2.5\n", {})
    assert document.data == {"a": 1, "b": ["x", {"c": "yes", "d": 2.5}]}
    assert document.lines == {
        (): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4, ("b", 1, "d"): 5,
    }  # fmt: skip
    assert document.line_of(("b", 1, "missing", "deeper")) == 4
    assert document.line_of(("nowhere",)) == 1


def test_scalars_follow_yaml_1_2_and_keep_what_may_be_a_key_as_text() -> None:
    text = "[~, true, False, 0123, 7, -7, 0x1F, 0o17, 1_000, 1e3, .inf, -.inf, .nan, 2020-01-01]"
    values = parse(f"a: {text}", {}).data["a"]
    assert values[:6] == [None, True, False, "0123", 7, -7]
    assert values[6:10] == [31, 15, "1_000", 1000.0]
    assert values[10:] == [".inf", "-.inf", ".nan", "2020-01-01"]


def test_keys_are_always_text() -> None:
    assert parse("1: a\ntrue: b\n", {}).data == {"1": "a", "true": "b"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_text_is_an_empty_mapping(text: str) -> None:
    assert parse(text, {}).data == {}


def test_variables_are_filled_in_and_escapes_stay() -> None:
    environment = {"A": "one", "EMPTY": ""}
    text = "a: 'x-${A}-y'\nb: ${A:-other}\nc: ${B:-other}\nd: ${EMPTY:-other}\n"
    text += "e: $${A}\nf: '${1} ${A'\ng: ${B:-}\nh: [\"${EMPTY}\"]\n"
    assert parse(text, environment).data == {
        "a": "x-one-y",
        "b": "one",
        "c": "other",
        "d": "other",
        "e": "${A}",
        "f": "${1} ${A",
        "g": "",
        "h": [""],
    }


def test_a_variable_that_is_not_set_is_named_with_its_place() -> None:
    assert parse("a:\n  b: ['${NOPE}']\n", {}).problems == [
        Notice(
            ("a", "b", 0),
            "the environment variable NOPE is not set; set it, or give a default: ${NOPE:-…}",
        )
    ]


def test_a_key_written_twice_is_a_problem_on_its_second_line() -> None:
    document = parse("a: 1\nb: 2\na: 3\n", {})
    assert document.data == {"a": 1, "b": 2}
    assert document.problems == [Notice(("a",), "written twice, first on line 1; keep one of them")]
    assert document.line_of(("a",)) == 3


def test_anchors_and_merges_work_and_own_keys_win() -> None:
    text = "base: &b {x: 1, y: 2}\nother: {<<: *b, y: 3}\nlist: {<<: [*b, {z: 4}]}\ncopy: *b\n"
    data = parse(text, {}).data
    assert data["other"] == {"x": 1, "y": 3}
    assert data["list"] == {"x": 1, "y": 2, "z": 4}
    assert data["copy"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: {<<: 3}", ("a",), "`<<` takes a mapping or a list of mappings"),
        ("a: &x [*x]", ("a", 0), "an anchor that holds itself; write the value out"),
        ("a: !foo b", ("a",), "the YAML tag !foo means nothing here; remove it"),
        ("a:\n  ? [x]\n  : y", ("a",), "a key on line 2 is no plain word"),
    ],
)
def test_what_yaml_allows_and_settings_do_not_is_a_problem(
    text: str, place: tuple[str | int, ...], message: str
) -> None:
    assert parse(text, {}).problems == [Notice(place, message)]


@pytest.mark.parametrize(
    ("text", "line", "start"),
    [
        ("- a\n", 1, "expected settings as `key: value` lines, found a list"),
        ("\nword\n", 2, "expected settings as `key: value` lines, found a single value"),
        ("a:\n\t- b\n", 2, "not YAML: a tab where YAML wants spaces; indent with spaces"),
        ("a: 1\n---\nb: 2\n", 2, "a second YAML document starts here (`---`)"),
        ("a: b: c\n", 1, "not YAML: mapping values are not allowed here; look at indentation"),
        ("x: 1\na: [1,\n", 3, "not YAML: "),
        ("a: *b\n", 1, "not YAML: found undefined alias 'b'"),
        ("a: \x00\n", 0, "not YAML: "),
    ],
)
def test_text_that_is_no_yaml_mapping_is_refused_by_line(text: str, line: int, start: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text, {})
    assert caught.value.line == line
    assert caught.value.message.startswith(start)
