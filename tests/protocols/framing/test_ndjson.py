from dragoman.protocols.framing.ndjson import NdjsonDecoder

STREAM = '{"a":"é🚀"}\n\r\n  {"b":1}\r\n\n{"c":[]}'.encode()
LINES = ['{"a":"é🚀"}'.encode(), b'{"b":1}', b'{"c":[]}']


def read(*chunks: bytes) -> list[bytes]:
    decoder = NdjsonDecoder()
    lines: list[bytes] = []
    for chunk in chunks:
        lines += decoder.feed(chunk)
    return lines + decoder.finish()


def test_lines_cut_anywhere_come_out_whole() -> None:
    assert read(STREAM) == LINES
    for first in range(len(STREAM) + 1):
        for second in range(first, len(STREAM) + 1):
            assert read(STREAM[:first], STREAM[first:second], STREAM[second:]) == LINES
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == LINES


def test_a_line_comes_out_as_soon_as_it_ends() -> None:
    decoder = NdjsonDecoder()

    assert decoder.feed(b'{"a"') == []
    assert decoder.feed(b":1}\n{") == [b'{"a":1}']
    assert decoder.feed(b"}") == []
    assert decoder.finish() == [b"{}"]
    assert decoder.finish() == []


def test_a_stream_of_nothing_has_no_lines() -> None:
    assert read() == []
    assert read(b"\n\n", b" \r\n") == []
