"""`python -m ancestral` is the command `ancestral`."""

import sys

from ._command import main

sys.exit(main())
