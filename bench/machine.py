"""What the numbers were measured on."""
import os
import platform
import re
from pathlib import Path


def describe():
    """The machine, in the words of the kernel."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    memory_kb = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    return {
        "processor": model[1].strip() if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{memory_kb / 2**20:.0f} GB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
    }
