# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the fault tests, and their size: MVIRT_FAULT=full, or a short form."""

import os
import subprocess

import pytest

import host as hosts

FULL = os.environ.get("MVIRT_FAULT") == "full"


def pytest_terminal_summary(terminalreporter):
    """Prints the figures, even if all tests pass."""
    for line in figures:
        terminalreporter.write_line(line)


figures = []


@pytest.fixture
def figure():
    """figure("text") prints a measured figure at the end of the run."""
    return figures.append


@pytest.fixture
def amount():
    """amount(full, short): the number of rounds."""
    return lambda full, short: full if FULL else short


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Our helpers, compiled: step, payload, fake-qemu."""
    why = hosts.impossible()
    if why:
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("programs")
    here = hosts.HERE
    run = lambda *command: subprocess.run([str(word) for word in command], check=True)
    run("gcc", "-std=gnu23", "-O1", "-Wall", "-Wextra", "-Werror", here / "step.c", "-o", folder / "step")
    run("gcc", "-std=gnu23", "-O1", "-Wall", "-Wextra", "-Werror", "-static", here / "fake-qemu.c", "-o",
        folder / "fake-qemu")
    run("as", "--32", here / "payload.S", "-o", folder / "payload.o")
    run("ld", "-m", "elf_i386", "-Ttext=0x100000", "--section-start=.note=0x101000", "-e", "start", "-z",
        "noexecstack", folder / "payload.o", "-o", folder / "payload")
    return folder


@pytest.fixture
def make_host(programs, tmp_path):
    """make_host(configuration, qemu=None, vmm="qemu") starts a host; it ends with the test."""
    started = []

    def start(config, qemu=None, vmm="qemu"):
        root = tmp_path / f"root-{len(started)}"
        root.mkdir()
        one = hosts.Host(hosts.make_root(root, config, {"payload": programs / "payload"}, vmm), qemu)
        started.append(one)
        return one

    yield start
    for one in started:
        print(f"the end of a host's log:\n{one.log()[-5000:]}")
        one.end()


def guest(name, work="i", **settings):
    """A guest of the payload's: i(dle), o(ff at the power button), l(ate), q(uick), r(eset), f(lood)."""
    values = {"machine": '"microvm"', "accel": '"tcg"', "memory": '"16M"', "kernel": '"payload"', "cmdline": f'"{work}"',
              "restart": '"always"', "autostart": "false", "shutdown-timeout": "5",
              **{key.replace("_", "-"): value for key, value in settings.items()}}
    lines = "".join(f"\t{key} = {value}\n" for key, value in values.items())
    return f'guest "{name}" {{\n{lines}\tnic {{}}\n}}\n'
