import os
import time
from pathlib import Path

import pytest

from dragoman.config.load import Loaded, find_config, load, load_text
from dragoman.config.problems import ConfigError


def loaded(text: str, **environment: str) -> Loaded:
    return load_text(text, Path("config.yaml"), environment)


def errors(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(text, **environment)
    return str(caught.value).splitlines()


def warnings(text: str) -> list[str]:
    return [warning.told(Path("config.yaml")) for warning in loaded(text).warnings]


def test_every_error_is_told_with_its_line_and_field_not_only_the_first() -> None:
    text = """\
port: abc
timeouts: {connect: -1}
log-level: wran
api-keys: [[x], ""]
max-body-mb: 0
upstreams:
  - name: a/b
    protocol: opnai
    keys: [{key: k, weight: 1000001}, {weight: 1.5}]
  - just text
debug: 3.5
"""
    assert errors(text) == [
        "config.yaml:1: port: expected a whole number, found 'abc'",
        "config.yaml:2: timeouts.connect: must be 0 or more, found -1",
        "config.yaml:3: log-level: expected 'debug', 'info', 'warning' or 'error', found 'wran'",
        "config.yaml:4: api-keys[0]: expected text; write it in quotes",
        "config.yaml:4: api-keys[1]: is empty; write the key or remove the entry",
        "config.yaml:5: max-body-mb: must be 1 or more, found 0",
        "config.yaml:7: upstreams[0].name: 'a/b' holds '/'; use letters, digits, '-', '_' and '.'",
        (
            "config.yaml:8: upstreams[0].protocol: expected 'openai', 'responses', 'anthropic', "
            "'gemini', 'ollama' or 'echo', found 'opnai'; did you mean openai?"
        ),
        "config.yaml:9: upstreams[0].keys[0].weight: must be 1000000 or less, found 1000001",
        "config.yaml:9: upstreams[0].keys[1].key: is required; add it",
        "config.yaml:9: upstreams[0].keys[1].weight: expected a whole number, found 1.5",
        "config.yaml:10: upstreams[1]: expected a mapping of `key: value` lines",
        "config.yaml:11: debug: expected true or false, found 3.5",
    ]


def test_duplicate_names_are_found_beside_other_errors() -> None:
    text = """\
upstreams:
  - {name: x, protocol: echo}
  - {name: X, protocol: nope}
openai-compatibility:
  - {name: x, base-url: "http://h"}
"""
    found = errors(text)
    assert found[0] == (
        "config.yaml:3: upstreams[1].name: 'X' is also the name of upstreams[0]; names are unique"
    )
    assert found[1].startswith("config.yaml:3: upstreams[1].protocol: expected ")
    assert found[2] == (
        "config.yaml:5: openai-compatibility[0].name: 'x' is also the name of upstreams[0]; "
        "names are unique"
    )


def test_an_unset_variable_is_the_only_error_at_its_place() -> None:
    text = "upstreams:\n  - name: a\n    protocol: echo\n    keys: ['${NO_KEY}']\n"
    assert errors(text) == [
        (
            "config.yaml:4: upstreams[0].keys[0]: the environment variable NO_KEY is not set; "
            "set it, or give a default: ${NO_KEY:-…}"
        )
    ]
    assert loaded(text, NO_KEY="k").settings.upstreams[0].keys[0].key.reveal() == "k"


def test_a_variable_may_stand_for_a_number_or_a_switch() -> None:
    settings = loaded("port: ${PORT:-9000}\ndebug: ${D}\n", D="true").settings
    assert settings.port == 9000
    assert settings.debug is True


def test_unknown_keys_warn_at_every_level_with_the_nearest_name() -> None:
    text = """\
prot: 1
timeouts: {fist-byte: 3}
upstreams:
  - name: a
    protocol: echo
    words_per_second: 3
    keys: [{key: k, wieght: 2}]
groups: {q: {prompt: {modus: off}}}
zzzzzz: 1
"""
    assert warnings(text) == [
        "config.yaml:1: prot: unknown key, so it is ignored; did you mean port?",
        (
            "config.yaml:2: timeouts.fist-byte: unknown key, so it is ignored; "
            "did you mean first-byte?"
        ),
        (
            "config.yaml:6: upstreams[0].words_per_second: unknown key, so it is ignored; "
            "did you mean words-per-second?"
        ),
        (
            "config.yaml:7: upstreams[0].keys[0].wieght: unknown key, so it is ignored; "
            "did you mean weight?"
        ),
        "config.yaml:8: groups.q.prompt.modus: unknown key, so it is ignored; did you mean mode?",
        "config.yaml:9: zzzzzz: unknown key, so it is ignored",
    ]


def test_an_invalid_file_tells_its_warnings_too() -> None:
    with pytest.raises(ConfigError) as caught:
        loaded("prot: 1\nport: x\n")
    assert [warning.field for warning in caught.value.warnings] == ["prot"]


def test_example_keys_repeated_keys_and_an_open_host_are_warned_of() -> None:
    assert warnings("api-keys: [your-api-key-1, a, a]\n") == [
        (
            "config.yaml:1: api-keys[0]: is still CLIProxyAPI's example, which everybody knows; "
            "write a key of your own"
        ),
        "config.yaml:1: api-keys[2]: repeats api-keys[1]",
    ]
    assert warnings("port: 1\nhost: ''\n") == [
        (
            "config.yaml:2: host: listens on 0.0.0.0, but without api-keys only this machine is "
            "answered"
        )
    ]


def test_keys_that_are_never_sent_are_warned_of() -> None:
    text = """\
upstreams:
  - {name: a, protocol: ollama, base-url: "http://h", auth: none, keys: [k]}
  - {name: b, protocol: ollama, base-url: "http://h", keys: [{key: k, disabled: true}]}
"""
    assert warnings(text) == [
        "config.yaml:2: upstreams[0].auth: is none, so the keys are not sent",
        "config.yaml:3: upstreams[1].keys: are all disabled, so the upstream has no credential",
    ]


def test_an_active_group_must_be_there() -> None:
    assert errors("active-group: x\n") == [
        "config.yaml:1: active-group: there is no group 'x'; no groups are written"
    ]
    assert errors("active-group: x\ngroups: {q: {}}\n") == [
        "config.yaml:1: active-group: there is no group 'x'; groups are q"
    ]
    assert loaded("active-group: q\ngroups: {q: }\n").settings.active_group == "q"
    assert loaded("active-group: default\n").settings.active_group == "default"


def test_a_written_upstream_may_not_take_the_name_of_a_key_blocks_entry() -> None:
    text = """\
gemini-api-key: [{api-key: k}]
upstreams:
  - {name: gemini-api-key-1, protocol: echo}
"""
    assert errors(text) == [
        (
            "config.yaml:3: upstreams[0].name: 'gemini-api-key-1' is the name of a key block's "
            "entry; choose another name"
        )
    ]


def test_a_key_without_a_value_has_its_default() -> None:
    settings = loaded("port:\nupstreams:\ntimeouts:\n  idle:\n").settings
    assert settings.port == 8317
    assert settings.upstreams == ()
    assert settings.timeouts.idle == 120


def test_defaults_are_those_the_issue_names() -> None:
    settings = loaded("").settings
    assert (settings.host, settings.port) == ("127.0.0.1", 8317)
    timeouts = settings.timeouts
    assert (timeouts.connect, timeouts.first_byte, timeouts.idle, timeouts.total) == (
        10, 300, 120, 0,
    )  # fmt: skip
    assert settings.streaming.keepalive_seconds == 15
    assert settings.max_body_mb == 64
    assert settings.strict_conversion is False
    assert settings.discover is True
    assert settings.request_usage is True
    assert settings.request_retry == 3
    assert settings.max_retry_interval == 30
    assert settings.ampcode.restrict_management_to_localhost is True
    assert settings.data_dir == Path.home() / ".local/share/dragoman"


def test_a_written_zero_turns_keepalives_off() -> None:
    assert loaded("streaming: {keepalive-seconds: 0}").settings.streaming.keepalive_seconds == 0


def test_relative_paths_are_relative_to_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("")
    (tmp_path / "key.pem").write_text("")
    file = tmp_path / "config.yaml"
    file.write_text("data-dir: data\ntls: {enable: true, cert: cert.pem, key: key.pem}\n")
    settings = load(file, {}).settings
    assert settings.data_dir == tmp_path / "data"
    assert settings.tls.cert == tmp_path / "cert.pem"


def test_tls_without_its_files_is_an_error(tmp_path: Path) -> None:
    assert errors("\ntls: {enable: true, cert: ''}\n") == [
        "config.yaml:2: tls: enable needs cert and key; cert is missing"
    ]
    found = errors("tls: {enable: true, cert: no.pem, key: no.key}\n")
    assert found[0].startswith("config.yaml:1: tls: cert: the file ")
    assert found[0].endswith("no.pem is not there")


@pytest.mark.parametrize("host", ["http://127.0.0.1", "a b", "10.0.0.0/8"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert errors(f"host: '{host}'\n") == [
        f"config.yaml:1: host: {host!r} is no host; write a name or address such as 127.0.0.1"
    ]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    with pytest.raises(ConfigError, match="there is no such file; name another with --config"):
        load(missing)
    with pytest.raises(ConfigError, match="is a folder; name the file in it, such as"):
        load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load(tmp_path / "file" / "config.yaml")


def test_a_file_that_is_not_utf_8_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"port: 1\nhost: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value) == f"{file}:2: is not UTF-8 (byte 0xff); save the file as UTF-8"
    file.write_bytes(b"\xef\xbb\xbfport: 1\n")
    assert load(file).settings.port == 1


def test_a_warning_reads_as_line_field_and_message() -> None:
    (warning,) = loaded("\nprot: 1\n").warnings
    assert str(warning) == "line 2: prot: unknown key, so it is ignored; did you mean port?"


def test_broken_yaml_is_one_error_with_its_line() -> None:
    (error,) = errors("port: 1\nhost: a: b\n")
    assert error.startswith("config.yaml:2: not YAML: mapping values are not allowed here")


def test_the_environment_of_the_process_is_used_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_TEST_PORT", "1234")
    file = tmp_path / "config.yaml"
    file.write_text("port: ${DRAGOMAN_TEST_PORT}\n")
    assert "DRAGOMAN_TEST_PORT" in os.environ
    assert load(file).settings.port == 1234


def test_the_first_file_there_is_is_found(tmp_path: Path) -> None:
    cwd, home = tmp_path / "cwd", tmp_path / "home"
    of_home = home / ".config" / "dragoman" / "config.yaml"
    of_home.parent.mkdir(parents=True)
    cwd.mkdir()
    assert find_config(None, cwd, home) is None
    of_home.write_text("")
    assert find_config(None, cwd, home) == of_home
    (cwd / "config.yaml").write_text("")
    assert find_config(None, cwd, home) == cwd / "config.yaml"
    assert find_config(tmp_path / "other.yaml", cwd, home) == tmp_path / "other.yaml"


def test_a_usual_file_loads_fast() -> None:
    text = "upstreams:\n" + "".join(
        f"  - name: u{at}\n    protocol: openai\n    base-url: https://h/v1\n    keys: [a, b]\n"
        for at in range(10)
    )
    loaded(text)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        loaded(text)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.15
