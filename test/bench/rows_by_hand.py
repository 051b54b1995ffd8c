# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows against the same QEMU started by hand, with the same devices: what hostd's confinement and supervision cost.

The host is made of namespaces on the kernel that is there (test/fault/host.py), so that a guest runs under one
emulator and not under two. Both sides use TCG; the tap is on the same bridge, the disk is the same file.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import time

import namespaces
from figures import abba
from machines import BENCH, BUILD
from namespaces import hosts, in_network
from results import Measure, Result

MIB = 2**20
DISK_MIB = 256
PORT = 7000
NETWORK = 'network "lan" {\n\tmode = "isolated"\n\taddress = ["192.0.2.1/24"]\n}\n'
TUNSETIFF, IFF_TAP_NO_PI_VNET = 0x400454CA, 0x0002 | 0x1000 | 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFINDEX, SIOCBRADDIF = 0x8913, 0x8914, 0x8933, 0x89A2


def definition(cmdline, disk=""):
    return f"""guest "bench" {{
	machine = "q35"
	accel = "tcg"
	memory = "128M"
	kernel = "vmlinuz"
	initrd = "initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet {cmdline}"
	{disk}
	nic {{}}
	autostart = false
	restart = "never"
}}
"""


def create(one, text, files):
    """A guest in memory, with these files; {name: path}."""
    with contextlib.ExitStack() as stack, one.connect() as client:
        fds = [stack.enter_context(open(path, "rb")).fileno() for path in files.values()]
        call = {"method": "io.mvirt.Guest.Create", "parameters": {
            "definition": text, "files": [{"name": name, "fileDescriptor": place} for place, name in enumerate(files)]}}
        socket.send_fds(client.socket, [json.dumps(call).encode() + b"\0"], fds)
        answer = client.receive()
        if "error" in answer:
            raise hosts.Refused(json.dumps(answer))


def new_tap(name, bridge):
    """A tap on the bridge, as hostd opens it; its fd."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP_NO_PI_VNET))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sH22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16s24x", name.encode())))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | 1))
        index = struct.unpack("16si20x", fcntl.ioctl(control, SIOCGIFINDEX, struct.pack("16s24x", name.encode())))[1]
        fcntl.ioctl(control, SIOCBRADDIF, struct.pack("16si20x", bridge.encode(), index))
    return tap


def bridge_of(one):
    """The name of the only bridge in the host's network."""
    return next(pathlib.Path(f"/proc/{one.init}/root/sys/class/net").glob("*/bridge")).parent.name


def listening(path):
    pathlib.Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


class ByHand:
    """The same command line as hostd's, with files instead of fds, as root, unconfined; in a session of its own, so that the
    scheduler treats both alike."""

    def __init__(self, one, arguments, files, disk=None, replaced=()):
        self.host, self.folder, self.disk = one, one.root, disk
        self.files = {"/kernel": files["vmlinuz"], "/initrd": files["initramfs.cpio.zst"],
                      "/usr/share/qemu": one.root / "usr/share/qemu"}
        self.arguments, self.replaced, self.process, self.kept = arguments, replaced, None, []

    def command(self, fds):
        """hostd's command line, changed; fds are those of QMP, the console and the tap."""
        command, skip = [], False
        for word in self.arguments:
            if skip or word in ("-add-fd", "-sandbox"):
                skip = not skip
                continue
            for name, fd in (("id=qmp,", fds[0]), ("id=serial0,", fds[1]), ("tap,id=net0,", fds[2])):
                if name in word:
                    word = re.sub(r"\bfd=\d+", f"fd={fd}", word)
            word = re.sub(r"/dev/fdset/\d+", str(self.disk), word)
            for old, new in self.replaced:
                word = word.replace(old, new)
            command.append(str(self.files.get(word, word)))
        command[0] = str(BUILD / "obj/bin/qemu-system-x86_64")
        return command

    def start(self):
        """Seconds until QMP reports "running": the tap, the sockets and QEMU itself."""
        begun = time.monotonic()
        tap = in_network(self.host, lambda: new_tap("byhand0", bridge_of(self.host)))
        sockets = [listening(self.folder / name) for name in ("qmp", "serial")]
        fds = [one.fileno() for one in sockets] + [tap]
        self.process = subprocess.Popen(self.command(fds), pass_fds=fds, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        os.close(tap)
        qmp = socket.socket(socket.AF_UNIX)
        qmp.connect(str(self.folder / "qmp"))
        for one in sockets:
            one.close()
        stream = qmp.makefile("rw", encoding="utf-8")
        stream.readline()
        for execute in ("qmp_capabilities", "query-status"):
            stream.write(json.dumps({"execute": execute}) + "\n")
            stream.flush()
            while "return" not in (answer := json.loads(stream.readline())):
                pass
        if answer["return"]["status"] != "running":
            raise RuntimeError(f"by hand: {answer}")
        self.kept = [qmp, stream]
        return time.monotonic() - begun

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def qemu_of(one):
    """(pid, command line) of the running guest's QEMU."""
    for pid in one.qemus().get("bench", []):
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        if words and words[0].endswith("qemu-system-x86_64"):
            return pid, words
    raise RuntimeError("the guest has no QEMU: " + one.log()[-2000:])


def cpu_ns(pid):
    """Nanoseconds of the processor that all threads of a process have used."""
    return time.clock_gettime_ns((~pid << 3) | 2)


# --- start ---

def start_by_hostd(one):
    """(seconds from the call until the guest is reported running, hostd's processor time in nanoseconds)."""
    hostd = one.hostd()
    before = cpu_ns(hostd)
    with one.connect() as client:
        begun = time.monotonic()
        # as mvirt start does it
        client.call("io.mvirt.Guest.Start", {"name": "bench"})
        client.send("io.mvirt.Guest.Subscribe", more=True)
        while True:
            guest = client.receive().get("parameters", {}).get("guest", {})
            if guest.get("name") == "bench" and guest.get("state") == "running":
                break
        took = time.monotonic() - begun
    time.sleep(0.5)
    return took, cpu_ns(hostd) - before


def stop_by_hostd(one):
    one.command("Kill", "bench")
    one.wait_state("bench", "stopped", "crashed", "failed")
    time.sleep(0.3)


def row_15(options):
    files = {"vmlinuz": BUILD / "guest/vmlinuz", "initramfs.cpio.zst": BENCH / "obj/guest.cpio.zst"}
    hostd_s, hand_s, used_s = [], [], []
    with namespaces.host("by-hand-start", NETWORK) as one:
        create(one, definition(""), files)
        start_by_hostd(one)
        _, arguments = qemu_of(one)
        stop_by_hostd(one)
        hand = ByHand(one, arguments, files)
        hand.start()
        hand.end()
        for letter in abba(options.count(20, 10)):
            if letter == "A":
                took, used = start_by_hostd(one)
                hostd_s.append(took)
                used_s.append(used / 1e9)
                stop_by_hostd(one)
            else:
                hand_s.append(hand.start())
                time.sleep(0.5)
                hand.end()
                time.sleep(0.3)
        command = " ".join(hand.command(("QMP", "CONSOLE", "TAP")))
    return Result(
        row="15", title="guest start, against the same QEMU by hand",
        definition="q35, direct kernel boot, 128 MiB, a NIC on a bridge, TCG, in a host made of namespaces. Ours: from the API call `Start` "
                   "to the event that says `running`, which QMP has said then. By hand: a tap on the same bridge, two sockets, "
                   "QEMU with the same devices, as root and in no namespaces, until QMP says `running`.",
        measures=[Measure("to QMP `running`", "s", hostd_s, hand_s, "the same QEMU by hand", 1.1),
                  Measure("hostd's own processor time for a start (and 0.5 s after it), target 10 ms", "s", used_s, [], "")],
        commands=[re.sub(re.escape(str(BUILD)) + r"/?", "build/", command)])


# --- throughput ---

def listen_in(one):
    def open_socket():
        listener = socket.create_server(("192.0.2.1", PORT))
        listener.settimeout(120)
        return listener
    return in_network(one, open_socket)


def exactly(connection, count):
    """Reads this many bytes and discards them."""
    into = memoryview(bytearray(MIB))
    while count:
        got = connection.recv_into(into[:min(count, MIB)])
        if not got:
            raise ConnectionResetError("the guest hung up")
        count -= got


ZEROES = bytes(MIB)


def ask(connection, what, mib):
    """Seconds that the guest needed for this many MiB."""
    connection.sendall(f"{what} {mib}\n".encode())
    if what == "send":
        exactly(connection, mib * MIB)
    if what == "receive":
        time.sleep(0.05)
        for _ in range(mib):
            connection.sendall(ZEROES)
    answer = b""
    while not answer.endswith(b"\n"):
        answer += connection.recv(100)
    return int(answer.split()[1]) / 1e9


# What pages a process and its disk got from the machine makes a difference of up to 9 % that stays as long as it runs.
RUNS_OF_A_PAIR = 4
WORK = (("write", DISK_MIB, "disk, written"), ("read", DISK_MIB, "disk, read"), ("send", 64, "network, from the guest"),
        ("receive", 64, "network, to the guest"))


def measure_work(sides, runs, speed, cost):
    """Adds to {(what, side): MiB/s} and {(what, side): ms of QEMU's processor time a MiB}; sides {letter: (connection, pid)}."""
    for what, mib, _ in WORK:
        for connection, _ in sides.values():
            ask(connection, what, mib)  # the first time the disk has no pages yet
        for letter in abba(runs):
            connection, qemu = sides[letter]
            before = cpu_ns(qemu)
            speed[what, letter].append(mib / ask(connection, what, mib))
            cost[what, letter].append((cpu_ns(qemu) - before) / 1e6 / mib)


@contextlib.contextmanager
def pair(one, files, listener):
    """Both guests, started: yields (connections and pids by side, the command line by hand)."""
    cmdline = "bench.address=192.0.2.2 bench.name=hostd"
    disk = f'disk {{ file = "disk.raw" format = "raw" size = "{DISK_MIB}M" }}'
    create(one, definition(cmdline, disk), files)
    start_by_hostd(one)
    pid, arguments = qemu_of(one)
    by_hand_disk = pathlib.Path(f"/proc/{one.init}/root/run/by-hand.raw")
    by_hand_disk.unlink(missing_ok=True)
    with open(by_hand_disk, "wb") as file:
        file.truncate(DISK_MIB * MIB)
    hand = ByHand(one, arguments, files, by_hand_disk,
                  [(cmdline, "bench.address=192.0.2.3 bench.name=hand"), ("mac=52:54", "mac=52:55")])
    with contextlib.ExitStack() as stack:
        stack.callback(one.call, "io.mvirt.Guest.Delete", name="bench", withDisks=True)
        stack.callback(stop_by_hostd, one)
        stack.callback(hand.end)
        hand.start()
        guests = {}
        while len(guests) < 2:
            connection = stack.enter_context(listener.accept()[0])
            connection.settimeout(120)
            guests[connection.recv(100).decode().strip()] = connection
        yield ({"A": (guests["hostd"], pid), "B": (guests["hand"], hand.process.pid)},
               " ".join(hand.command(("QMP", "CONSOLE", "TAP"))).replace(str(by_hand_disk), "disk.raw"))


def row_13(options):
    files = {"vmlinuz": BUILD / "guest/vmlinuz", "initramfs.cpio.zst": BENCH / "obj/throughput.cpio.zst"}
    speed = {(what, side): [] for what, _, _ in WORK for side in "AB"}
    cost = {(what, side): [] for what, _, _ in WORK for side in "AB"}
    with namespaces.host("throughput", NETWORK) as one, listen_in(one) as listener:
        for _ in range(options.count(11, 4)):
            with pair(one, files, listener) as (sides, command):
                measure_work(sides, RUNS_OF_A_PAIR, speed, cost)
    measures = []
    for what, mib, title in WORK:
        measures.append(Measure(f"{title}, {mib} MiB", "MiB/s", speed[what, "A"], speed[what, "B"], "the same QEMU by hand",
                                0.98, more_is_better=True))
        measures.append(Measure(f"{title}, QEMU's processor time a MiB", "ms", cost[what, "A"], cost[what, "B"],
                                "the same QEMU by hand"))
    return Result(
        row="13", title="throughput through our confinement",
        definition="A q35 guest with a virtio disk and a NIC, TCG, in a host made of namespaces; beside it the same QEMU by "
                   "hand with the same arguments, files instead of passed fds, as root, in no namespaces, with no sandbox. "
                   "Both run, one works at a time. The disk is a raw file in memory, used by 1 MiB past the guest's "
                   "cache; the network is one TCP connection over the bridge to the host. No vhost-net on either side.",
        measures=measures, commands=[re.sub(re.escape(str(BUILD)) + r"/?", "build/", command)],
        notes=["Processor time is what the machine's other load disturbs least."])
