"""Asterisk never runs as root: a root who starts it gives it a bare user and a view of its own.

In a private mount namespace a small memory file system becomes the root, with what Asterisk is made
of (read-only), the folder of this Asterisk, ``/dev`` and ``/proc`` in it at their usual paths, so
that the configuration is the same with and without it. The namespace, and with it every mount,
ends with the process. An ordinary user needs none of this: Asterisk is that user's own process.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

UID = 61348
"""User and group id Asterisk gets from root: in the range systemd keeps for such passing users."""

SCRIPT = r"""
set -e
new=$1; pbx=$2; uid=$3; shift 3
mount -t tmpfs -o mode=0755,size=4m tmpfs "$new"
place() { mkdir -p "$new$1"; mount --bind "$1" "$new$1"; }
while [ "$1" != -- ]; do
  if [ -L "$1" ]; then cp -P "$1" "$new$1"
  else place "$1"; mount -o remount,bind,ro "$new$1"; fi
  shift
done
shift
place "$pbx"
mkdir -p "$new/dev" "$new/proc" "$new/etc" "$new/tmp"
mount --rbind /dev "$new/dev"
mount --rbind /proc "$new/proc"
chmod 1777 "$new/tmp"
for file in hosts resolv.conf nsswitch.conf localtime services protocols; do
  if [ -e "/etc/$file" ] && [ ! -e "$new/etc/$file" ]; then
    cp -L "/etc/$file" "$new/etc/$file"
  fi
done
exec chroot --userspec="$uid:$uid" --groups= "$new" "$@"
"""


@cache
def available() -> bool:
    """Whether this machine lets root make a mount namespace (a bare container may not)."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("chroot")):
        return False
    probe = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "x", "/tmp"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


MACHINE = ("/usr", "/etc", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/var/lib/asterisk")
"""Where the machine's own Asterisk and its libraries are."""


def wrap(command: list[str], *, pbx_dir: Path, tree: Path) -> list[str]:
    """The command that runs ``command`` as the bare user in a view of its own.

    ``tree``: the folder Asterisk is in, ``/`` for the machine's own.
    """
    seen = [str(tree)] if tree != Path("/") else [it for it in MACHINE if Path(it).exists()]
    new_root = pbx_dir / "run" / "root"
    new_root.mkdir(parents=True, exist_ok=True)
    shell = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", SCRIPT, "sh"]
    return [*shell, str(new_root), str(pbx_dir), str(UID), *seen, "--", *command]


def hand_over(folders: tuple[Path, ...]) -> None:
    """Give the bare user the folders it writes to, with what is in them."""
    for folder in folders:
        os.chown(folder, UID, UID)
        for path in folder.rglob("*"):
            if not path.is_symlink() and path.name != "root":
                os.chown(path, UID, UID)
