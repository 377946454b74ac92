"""
A worker of a cluster: ``python -m reports.run.cluster.worker tcp://10.0.0.5:8786 --slots 2``.

A bare Dask worker, which starts a process a client; Dask's own nanny would forbid it that. Each
client's process begins by importing this module, so what is heavy is imported where it is used.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile

CONNECT_SECONDS = 20


def main() -> None:
    """Serve a scheduler until it ends, or until this process is told to."""
    options = _options()
    try:
        with tempfile.TemporaryDirectory(prefix="worker-") as scratch:
            _serve(options, scratch)
    except (OSError, TimeoutError):
        sys.stderr.write(
            f"{options.address} 没有 Dask 调度器应答\n"
            f"no Dask scheduler answers at {options.address}\n"
        )
        sys.exit(2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cluster_worker", description="a worker of a cluster")
    parser.add_argument("address", help="of the scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--slots", type=int, default=os.cpu_count() or 1, help="clients at a time")
    parser.add_argument("--host", help="address to listen on; that which leads to the scheduler")
    return parser.parse_args()


def _serve(options: argparse.Namespace, scratch: str) -> None:
    import asyncio
    import logging

    # Everything a client needs is loaded before the scheduler hears of this worker.
    import reports.run.cluster.cluster  # noqa: F401

    logging.getLogger("distributed").setLevel(logging.ERROR)
    asyncio.run(_served(options, scratch))


async def _served(options: argparse.Namespace, scratch: str) -> None:
    import asyncio

    from distributed import Worker

    worker = await asyncio.wait_for(
        Worker(
            options.address,
            nthreads=options.slots,
            host=options.host,
            local_directory=scratch,
            memory_limit=0,
        ),
        CONNECT_SECONDS,
    )
    loop = asyncio.get_running_loop()
    ends: set[asyncio.Task[None]] = set()

    def end() -> None:
        # A loop keeps no hold of a task of its own.
        ends.add(loop.create_task(worker.close(timeout=1, executor_wait=False)))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    await worker.finished()


if __name__ == "__main__":
    main()
