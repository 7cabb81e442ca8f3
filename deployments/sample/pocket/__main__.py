"""Let `python -m pocket` do what `pocket` does."""

import sys

from pocket.cli import main

sys.exit(main())
