# SPDX-License-Identifier: GPL-2.0-or-later
"""A host made of namespaces on the running kernel (test/fault/host.py): where an emulator would hide the difference."""

import contextlib
import os
import pathlib
import shutil
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import host as hosts  # noqa: E402

from machines import RUN  # noqa: E402


@contextlib.contextmanager
def host(name, config):
    """A running host; its root is one.root."""
    why = hosts.impossible()
    if why:
        raise RuntimeError(f"no host can be made of namespaces here: {why}")
    root = RUN / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    one = hosts.Host(hosts.make_root(root, config, {}))
    one.root = root
    try:
        yield one
    finally:
        one.end()
        shutil.rmtree(root, ignore_errors=True)


def in_network(one, function):
    """The result of a function that runs in the host's network namespace."""
    kept = []

    def enter():
        try:
            os.setns(os.open(f"/proc/{one.init}/ns/net", os.O_RDONLY | os.O_CLOEXEC), os.CLONE_NEWNET)
            kept.append((function(), None))
        except OSError as error:
            kept.append((None, error))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    result, error = kept[0]
    if error:
        raise error
    return result
