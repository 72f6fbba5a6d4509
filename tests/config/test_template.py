import re
import stat
from pathlib import Path

import pytest

from dragoman.config.load import load, load_text
from dragoman.config.template import default_text, template_text, write_default

EXAMPLE = re.compile(r"#(?= {2,}\S|[a-z])")
ENVIRONMENT = {
    name: f"key-of-{name}"
    for name in (
        "OPENROUTER_API_KEY",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GEMINI_API_KEY",
        "GEMINI_API_KEY_2",
    )
}


def switched_on(text: str) -> str:
    """The template with every example's `#` taken away, as its first lines say."""
    return "\n".join(EXAMPLE.sub("", line, count=1) if EXAMPLE.match(line) else line
                     for line in text.splitlines())  # fmt: skip


def test_the_template_loads_without_a_warning_and_serves_echo() -> None:
    loaded = load_text(default_text("sk-local-abc"), Path("c.yaml"), {})
    assert loaded.warnings == ()
    settings = loaded.settings
    assert [key.reveal() for key in settings.api_keys] == ["sk-local-abc"]
    assert [(one.name, one.protocol) for one in settings.all_upstreams] == [("echo", "echo")]
    assert (settings.host, settings.port) == ("127.0.0.1", 8317)


def test_the_template_with_every_example_switched_on_loads_without_a_warning() -> None:
    text = switched_on(default_text("sk-local-abc"))
    loaded = load_text(text, Path("c.yaml"), ENVIRONMENT)
    assert loaded.warnings == ()
    assert [(one.name, one.protocol) for one in loaded.settings.upstreams] == [
        ("echo", "echo"),
        ("openrouter", "openai"),
        ("anthropic", "anthropic"),
        ("openai", "responses"),
        ("gemini", "gemini"),
        ("ollama", "ollama"),
        ("lmstudio", "openai"),
    ]
    assert loaded.settings.proxy_url == "socks5://127.0.0.1:1080"
    assert loaded.settings.ollama_open_on_loopback is True
    assert not re.search(r"^#\S", text, re.MULTILINE)


def test_what_the_template_writes_out_is_the_default() -> None:
    written = load_text(template_text(), Path("c.yaml"), {}).settings
    bare = load_text("", Path("c.yaml"), {}).settings
    same = written.model_copy(update={"api_keys": (), "upstreams": ()})
    assert same == bare


def test_it_is_written_for_the_owner_alone_and_never_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.yaml"
    write_default(path, "sk-local-abc")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path, {}).settings.api_keys[0].reveal() == "sk-local-abc"
    with pytest.raises(FileExistsError):
        write_default(path, "sk-local-other")
    assert "sk-local-abc" in path.read_text(encoding="utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["config.yaml"]
