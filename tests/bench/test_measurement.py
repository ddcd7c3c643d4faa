"""The figures of the benchmarks."""

from __future__ import annotations

from types import ModuleType

import pytest

from bench.__main__ import goals, judged
from bench.measurement import Figure, Measurement, Samples, written


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [((1.0,), 1.0, 1.0), ((3.0, 1.0, 2.0), 2.0, 3.0), (tuple(float(n) for n in range(1, 101)), 50.0, 95.0)],
)
def test_percentiles_are_samples(values: tuple[float, ...], p50: float, p95: float) -> None:
    samples = Samples("x", values)
    assert (samples.p50, samples.p95) == (p50, p95)


def test_no_samples_have_no_median() -> None:
    with pytest.raises(ValueError, match="no samples"):
        _ = Samples("x", ()).p50


def test_ratio_of_medians() -> None:
    assert Measurement(Samples("a", (3.0,)), Samples("b", (2.0,))).ratio == 1.5
    assert Measurement(Samples("a", (3.0,))).ratio is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.414, "s", "2.41 s"),
        (0.168, "s", "168 ms"),
        (0.0008, "s", "800 µs"),
        (5e-8, "s", "50 ns"),
        (6033.0, "/s", "6,033 /s"),
        (12.5, "MB", "12.5 MB"),
    ],
)
def test_written_as_one_reads_it(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


@pytest.mark.parametrize(
    ("limits", "judged"),
    [
        ({"GOAL": 2.0}, [("× the floor", 1.5, 2.0)]),
        ({"GOAL": None}, [("× the floor", 1.5, None)]),
        ({"GOAL": None, "GOAL_P95": 4.0}, [("× the floor", 1.5, None), ("p95 × the floor's p50", 4.5, 4.0)]),
        ({"GOAL": None, "MOST_P95": 1.0}, [("× the floor", 1.5, None), ("p95", 9.0, 1.0)]),
        ({"GOAL": None, "MOST": 2.0}, [("× the floor", 1.5, None), ("p50", 3.0, 2.0)]),
    ],
)
def test_what_a_row_is_judged_by(
    limits: dict[str, float | None], judged: list[tuple[str, float, float | None]]
) -> None:
    row = ModuleType("row")
    row.__dict__.update(limits)
    assert goals(row, Measurement(Samples("a", (3.0, 3.0, 9.0)), Samples("b", (2.0,)))) == judged


@pytest.mark.parametrize(
    ("most", "percent", "missed"), [(3.0, 50, False), (2.0, 50, True), (3.0, 100, True), (9.0, 100, False)]
)
def test_a_further_figure_has_a_goal_of_its_own(most: float, percent: float, missed: bool) -> None:
    figure = Figure(Samples("a", (3.0, 3.0, 9.0), "KB"), most, percent)
    assert figure.is_missed is missed
    assert judged(figure).endswith("missed" if missed else "met")


def test_a_figure_without_a_goal_is_only_said() -> None:
    assert judged(Figure(Samples("a", (3.0,), "KB"))) == "a: p50 3 KB, p95 3 KB, 1 samples"
