"""`python -m torchlike.compat parity ops` and `parity modules`: the command line of the suites."""

from __future__ import annotations

import argparse
import os
import sys

from . import report, worker

CHECKS = {
    "ops": ("forward", "gradient", "second", "method", "inplace", "out", "views", "errors"),
    "modules": ("forward", "gradient", "step", "state_dict", "repr", "init", "pickle", "deepcopy", "errors"),
}
EXTRA = {"ops": ("tpu", "tpu_gradient"), "modules": ()}  # compile for a described TPU; only when asked for
_WHAT = {"ops": "torch's own operator database", "modules": "torch's own module database"}


def add(parent: argparse._SubParsersAction) -> None:
    """Put `ops`, `modules` and their options under `parity`."""
    for suite in worker.SUITES:
        checks, extra = ", ".join(CHECKS[suite]), ", ".join(EXTRA[suite])
        p = parent.add_parser(suite, help=f"compare {suite} with torch on {_WHAT[suite]}")
        p.add_argument("--only", help="entries: names, name:variant, or linalg.* (separated by commas)")
        p.add_argument("--checks", help=f"of {checks} (separated by commas; all by default) {extra}".rstrip())
        p.add_argument("--dtypes", help="dtypes, in place of each check's own (separated by commas)")
        p.add_argument("--rate", type=float, default=1.0, help="share of the samples to run, at least one each (default 1)")
        p.add_argument("--most", type=int, help="samples per check and dtype at most")
        p.add_argument("--seed", type=int, default=0, help="seed of samples and sampling (default 0)")
        p.add_argument("--sample", type=int, help="one sample by its number")
        p.add_argument("--timeout", type=float, default=300.0, help="seconds per entry (default 300)")
        p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="worker processes (0: run in this process)")
        p.add_argument("--json", help="write all results to this file")
        p.add_argument("--quiet", action="store_true", help="print the table only")
        p.set_defaults(run=main, suite=suite)


def main(options: argparse.Namespace) -> int:
    """Run and print; the exit status is 1 where anything failed."""
    from .entries import select

    suite = options.suite
    known = (*CHECKS[suite], *EXTRA[suite])
    checks = tuple(options.checks.split(",")) if options.checks else CHECKS[suite]
    if unknown := set(checks) - set(known):
        sys.exit(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    dtypes = tuple(options.dtypes.split(",")) if options.dtypes else None
    plan = worker.Plan(checks, dtypes, options.seed, options.rate, options.sample, options.timeout, options.most, suite)
    try:
        table = worker.suite(suite).all_entries()
        keys = [entry.key for entry in select(options.only.split(",") if options.only else None, table)]
    except ValueError as error:
        sys.exit(str(error))
    results: list[worker.Result] = []
    runs = worker.run(keys, plan, options.jobs) if options.jobs else ([*worker.run_entry(k, plan)] for k in keys)
    for found in runs:
        results += found
        if (text := report.failures(found, plan)) and not options.quiet:
            print(text, flush=True)
        if options.json:  # as it grows: a long run that is stopped has not run in vain
            report.save(options.json, results, plan)
    print(report.table(results))
    return int(not all(r.good for r in results))
