"""``python -m ivr.pbx``: write the configuration for an Asterisk that runs elsewhere.

For containers: this one has the settings, the other has Asterisk.
"""

import argparse
import sys
from pathlib import Path

from hotline.settings import load_settings
from ivr.pbx.control import AsteriskProcess
from ivr.pbx.locate import MINIMUM, Installation


def main() -> None:
    """Render the settings into ``settings.pbx_dir``."""
    parser = argparse.ArgumentParser(description="write Asterisk's configuration")
    parser.add_argument("--modules", type=Path, required=True, help="its folder of modules")
    parser.add_argument("--data", type=Path, required=True, help="its folder of documentation")
    given = parser.parse_args()
    installation = Installation(Path("/"), MINIMUM, ("asterisk",), given.modules, given.data)
    process = AsteriskProcess(load_settings(), installation)
    process.write_configuration()
    sys.stdout.write(f"{process.paths.etc}\n")


if __name__ == "__main__":
    main()
