"""`python3 -m durations 1h 30m` prints the seconds."""

import sys

from durations import DurationError, parse


def main() -> int:
    """Read the arguments as one duration."""
    try:
        print(f"{parse(' '.join(sys.argv[1:])):g}")
    except DurationError as error:
        print(f"durations: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
