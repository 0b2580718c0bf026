"""The launcher, with torchrun's arguments and environment: `python -m torchlike.distributed.run --nproc-per-node 2 train.py`.

It starts the processes of this machine, tells each its rank, and stops all when one fails. Scripts that import torch get
torchlike under that name.
"""

from __future__ import annotations

import argparse
import glob
import os
import sys
from collections.abc import Sequence

from torchlike.distributed.elastic.agent import Job, launch

_DEFAULT_ENDPOINT_PORT = 29500


def get_args_parser() -> argparse.ArgumentParser:
    """torchrun's arguments, and `--devices-per-process`."""
    parser = argparse.ArgumentParser(prog="torchlike.distributed.run", description=__doc__, allow_abbrev=False)

    def add(*names: str, **options: object) -> None:
        spelled = [n for name in names for n in dict.fromkeys((name, name[:2] + name[2:].replace("-", "_")))]
        option = names[-1].lstrip("-").replace("-", "_").upper()
        if "default" in options and f"PET_{option}" in os.environ:
            options["default"] = os.environ[f"PET_{option}"]
        parser.add_argument(*dict.fromkeys(spelled), **options)  # type: ignore[arg-type]  # argparse's own options

    add("--nnodes", type=str, default="1", help="machines (or min:max, of which min may not differ from max)")
    add("--nproc-per-node", type=str, default="1", help="processes on this machine: a number, auto, cpu or gpu")
    add("--rdzv-backend", type=str, default="static", help="static, or c10d: machines number themselves")
    add("--rdzv-endpoint", type=str, default="", help="host:port where machines meet")
    add("--rdzv-id", type=str, default="none", help="name of the job")
    add("--rdzv-conf", type=str, default="", help="timeout=seconds and the like")
    add("--standalone", action="store_true", help="one machine, a free port")
    add("--max-restarts", type=int, default=0, help="how often all are started again after a failure")
    add("--monitor-interval", type=float, default=0.1, help="seconds between looks at the processes")
    add("--start-method", type=str, default="spawn", help="without effect: processes are started anew")
    add("--role", type=str, default="default")
    add("-m", "--module", action="store_true", help="the script is a module")
    add("--no-python", action="store_true", help="the script is a program of its own")
    add("--run-path", action="store_true", help="without effect")
    add("--log-dir", type=str, default=None, help="where redirected output goes")
    add("-r", "--redirects", type=str, default="0", help="1: stdout to files, 2: stderr, 3: both")
    add("-t", "--tee", type=str, default="0", help="like redirects; the console gets it, too")
    add("--node-rank", type=int, default=0, help="this machine's number")
    add("--master-addr", type=str, default="127.0.0.1")
    add("--master-port", type=int, default=_DEFAULT_ENDPOINT_PORT)
    add("--local-addr", type=str, default=None)
    add("--devices-per-process", type=int, default=0, help="torchlike: batches are spread over so many devices of each process")
    parser.add_argument("training_script", type=str)
    parser.add_argument("training_script_args", nargs=argparse.REMAINDER)
    return parser


def parse_args(args: Sequence[str] | None) -> argparse.Namespace:
    return get_args_parser().parse_args(args)


def run(args: argparse.Namespace) -> None:
    """Start the processes and wait for them. Raises ChildFailedError where one fails."""
    low, _, high = args.nnodes.partition(":")
    if high and low != high:
        raise NotImplementedError("torchlike has no elastic launcher whose number of machines changes: give --nnodes N")
    command = [args.training_script, *args.training_script_args]
    if args.module:
        command = [sys.executable, "-u", "-m", *command]
    elif not args.no_python:
        command = [sys.executable, "-u", *command]
    endpoint = args.rdzv_endpoint or f"{args.master_addr}:{args.master_port}"
    host, _, port = endpoint.partition(":")
    launch(
        Job(
            command=command, nodes=int(low), node_rank=args.node_rank, processes=_count(args.nproc_per_node),
            host="127.0.0.1" if args.standalone else host, port=0 if args.standalone else int(port or _DEFAULT_ENDPOINT_PORT),
            meet=args.rdzv_backend != "static" and not args.standalone and int(low) > 1, name=args.rdzv_id,
            restarts=args.max_restarts, interval=args.monitor_interval, role=args.role, log_dir=args.log_dir,
            redirects=int(args.redirects), tee=int(args.tee), devices=args.devices_per_process,
        )
    )  # fmt: skip


def _count(asked: str) -> int:
    if asked.isdigit():
        return int(asked)
    if asked == "cpu":
        return os.cpu_count() or 1
    gpus = len(glob.glob("/dev/nvidia[0-9]*"))
    if asked == "gpu":
        if not gpus:
            raise ValueError("Cuda is not available.")
        return gpus
    if asked == "auto":
        return gpus or os.cpu_count() or 1
    raise ValueError(f"Unsupported nproc_per_node value: {asked}")


def main(args: Sequence[str] | None = None) -> None:
    run(parse_args(args))


if __name__ == "__main__":
    main()
