"""The figures of the benchmarks."""

from __future__ import annotations

import pytest

from bench.measurement import Measurement, Samples, written


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
