import unittest

from durations import DurationError, parse


class Reading(unittest.TestCase):
    def test_units(self):
        for text, seconds in [
            ("90", 90),
            ("90s", 90),
            ("1h 30m", 5400),
            ("1h30m", 5400),
            ("1.5 hours", 5400),
            ("2 days and 4 hours", 187_200),
            ("1 week, 1 day", 691_200),
            ("250ms", 0.25),
            ("3 MIN", 180),
        ]:
            with self.subTest(text):
                self.assertAlmostEqual(parse(text), seconds)

    def test_nonsense_is_refused(self):
        for text, reason in [
            ("", "nothing"),
            ("soon", "expected a number"),
            ("3 moons", "no unit"),
            ("1h -", "number"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(DurationError, reason):
                parse(text)
