"""`python -m nexoraz.privacy.verify`, which is also installed as `nexoraz-verify`."""

import sys

from nexoraz.privacy.verify.command import main

sys.exit(main())
