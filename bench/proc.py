"""What the kernel knows about a process and its children: CPU time and memory, from /proc."""
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """A process and all below it."""
    pids = [pid]
    for task in _tasks(pid):
        for child in _read(f"/proc/{pid}/task/{task}/children").split():
            pids += tree(int(child))
    return pids


def cpu_secs(pid):
    """CPU seconds of all threads of the tree, and of children that have ended."""
    return sum(sum(thread_secs(p).values()) + _ended_children_secs(p) for p in tree(pid))


def thread_secs(pid):
    """CPU seconds of each living thread, from the scheduler, in nanoseconds' precision."""
    found = {}
    for task in _tasks(pid):
        fields = _read(f"/proc/{pid}/task/{task}/schedstat").split()
        if fields:
            found[int(task)] = int(fields[0]) / 1e9
    return found


def memory_bytes(pid):
    """Memory of the tree; pages that several processes share are divided among them."""
    total_kb = 0
    for member in tree(pid):
        for line in _read(f"/proc/{member}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total_kb += int(line.split()[1])
    return total_kb * 1024


def _ended_children_secs(pid):
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS if fields else 0


def _tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""
