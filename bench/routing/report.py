"""The table."""

HEAD = ("replicas", "tx/s", "CPU per tx", "reads on replicas", "read after write, p50", "p99", "stale")


def markdown(rows):
    """All rows, for people and for docs/benchmarks.md."""
    lines = ["| " + " | ".join(HEAD) + " |", "| --- |" + " ---: |" * (len(HEAD) - 1)]
    return "\n".join(lines + ["| " + " | ".join(_cells(row)) + " |" for row in rows])


def _cells(row):
    return (row.name, f"{row.tps:,.0f}", f"{row.cpu_secs / row.transactions * 1e6:.1f} us",
            f"{row.replica_reads / row.reads:.0%}", _ms(row.reads_secs, 0.5), _ms(row.reads_secs, 0.99),
            f"{row.stale} of {len(row.reads_secs):,}")


def _ms(sorted_secs, quantile):
    if not sorted_secs:
        return "none"
    return f"{sorted_secs[min(int(len(sorted_secs) * quantile), len(sorted_secs) - 1)] * 1e3:.2f} ms"
