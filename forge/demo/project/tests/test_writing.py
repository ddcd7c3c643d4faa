import unittest

from durations import format_duration, parse


class Writing(unittest.TestCase):
    def test_largest_units_first(self):
        for seconds, text in [
            (0, "0 s"),
            (0.25, "250 ms"),
            (59, "59 s"),
            (60, "1 min"),
            (5400, "1 h 30 min"),
            (90_061, "1 d 1 h"),
            (-90, "-1 min 30 s"),
        ]:
            with self.subTest(seconds):
                self.assertEqual(format_duration(seconds), text)

    def test_parts_bound_the_length(self):
        self.assertEqual(format_duration(90_061, parts=4), "1 d 1 h 1 min 1 s")
        self.assertEqual(format_duration(90_061, parts=1), "1 d")

    def test_what_is_written_can_be_read(self):
        for seconds in range(0, 200_000, 777):
            with self.subTest(seconds):
                self.assertEqual(parse(format_duration(seconds, parts=9)), seconds)
