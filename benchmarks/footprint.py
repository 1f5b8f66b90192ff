"""Memory and idle CPU of the whole hotline, recognizer and voice loaded, Asterisk beside it.

.venv/bin/python -m benchmarks.footprint [--seconds 20] [--json]
"""

import time

import psutil

from benchmarks.common import arguments, hotline, show


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all it has started."""
    return [process, *process.children(recursive=True)]


def memory_mb(process: psutil.Process) -> float:
    """Memory no other process shares, plus a fair part of what is shared (PSS), in MB."""
    return float(process.memory_full_info().pss) / 2**20


def cpu_s(processes: list[psutil.Process]) -> float:
    """CPU seconds used so far."""
    times = [process.cpu_times() for process in processes]
    return sum(t.user + t.system for t in times)


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, seconds=20)
    with hotline() as trial:
        parts = family(trial.process("up"))
        asterisk = [p for p in parts if "asterisk" in p.name()]
        ours = [p for p in parts if p not in asterisk]
        before, before_pbx = cpu_s(ours), cpu_s(asterisk)
        time.sleep(options.seconds)
        used, used_pbx = cpu_s(ours) - before, cpu_s(asterisk) - before_pbx
        sizes = sorted(((memory_mb(p), " ".join(p.cmdline())[-60:]) for p in ours), reverse=True)
        pbx_mb = sum(memory_mb(p) for p in asterisk)
    rows = [
        ("hotline MB", round(sum(size for size, _ in sizes))),
        ("largest processes MB", [round(size) for size, _ in sizes[:4]]),
        ("asterisk MB", round(pbx_mb)),
        ("idle CPU % of a core", round(100 * used / options.seconds, 2)),
        ("idle CPU % of a core, asterisk", round(100 * used_pbx / options.seconds, 2)),
    ]
    show("footprint", rows, only_json=options.json)


if __name__ == "__main__":
    main()
