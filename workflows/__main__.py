"""``python -m workflows``: the workflow language, by itself."""

import sys

from workflows.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
