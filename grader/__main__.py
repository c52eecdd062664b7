"""`python -m grader`."""

import sys

from grader.cli import main

# The guard is for worker processes of a batch, which import the main module anew.
if __name__ == "__main__":
    sys.exit(main())
