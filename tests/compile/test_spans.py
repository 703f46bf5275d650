from dataapp.compile.spans import Assembly, Span, line_and_column


def test_columns_count_characters_and_offsets_count_bytes() -> None:
    assert line_and_column("ä\nöü x", len("ä\nöü ".encode())) == (2, 4)


def test_an_offset_past_the_end_is_the_end() -> None:
    assert line_and_column("ab", 99) == (1, 3)


def test_copies_map_byte_by_byte_and_replacements_to_their_start() -> None:
    source = "SELECT ä FROM t".encode()
    out: Assembly[str] = Assembly()
    out.add("WITH x AS (")
    out.copy("cell", source, Span(0, 15))
    out.replace("cell", 15, '"t_2" AS "t"')
    out.add(")")
    text, source_map = out.finish()
    data = text.encode()
    assert source_map.find(0) is None
    assert source_map.find(data.index("ä".encode())) == ("cell", 7)
    assert source_map.find(data.index(b'AS "t"')) == ("cell", 15)
    assert source_map.find(len(data) - 1) is None


def test_the_position_behind_a_copy_belongs_to_it() -> None:
    out: Assembly[str] = Assembly()
    out.copy("cell", b"SELECT", Span(0, 6))
    out.add("\n)")
    assert out.finish()[1].find(6) == ("cell", 6)
