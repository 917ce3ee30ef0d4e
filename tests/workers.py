"""A worker process of as many threads as its first argument says: `python tests/workers.py 8`."""

import os
import signal
import sys
import threading
from contextlib import closing

from reactor.bootstrap import build_store, build_worker
from reactor.configuring import configure
from reactor.worker import Worker


def main(threads):
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    settings = configure(os.environ)
    with closing(build_store(settings)) as store:
        worker = Worker(build_worker(settings, store)._tools, threads=threads)
        worker.start()
        sys.stderr.write("the worker runs\n")
        sys.stderr.flush()
        stopped.wait()
        worker.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
