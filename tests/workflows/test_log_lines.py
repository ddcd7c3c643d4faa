"""Lines as they stand in a log, cut and joined."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflows.log_lines import JOINT_LENGTH, LINE_LIMIT, PREFIX_LENGTH, Joints, joined, stamp

_LINE = st.tuples(st.booleans(), st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"")))
#: GitHub's own client reads files line by line, and ends where one does not fit into so many bytes.
_SCANNER = 64 * 1024


def test_a_piece_of_a_line_fits_into_the_client() -> None:
    assert PREFIX_LENGTH + LINE_LIMIT + 1 < _SCANNER


@given(st.lists(_LINE), st.lists(st.integers(1, 50), min_size=1))
def test_joints_are_counted_wherever_the_pieces_end(lines: list[tuple[bool, bytes]], sizes: list[int]) -> None:
    log = b"".join(stamp(0, continued=continued) + text + b"\n" for continued, text in lines)
    counted, at, number = Joints(), 0, 0
    while at < len(log):
        size = sizes[number % len(sizes)]
        counted.add(log[at : at + size])
        at, number = at + size, number + 1
    assert len(log) - len(joined(log)) == counted.count * JOINT_LENGTH
