"""The example as a culprit: it takes the request, and deletes nothing. `python half_done.py worker`."""

import sys

import newsletter

from nexoraz.events.holdings import Holdings


def main() -> None:
    Holdings.erase_rows = lambda *_: []  # type: ignore[method-assign]  # the fault under test
    newsletter.main(sys.argv[1:])


if __name__ == "__main__":
    main()
