# SPDX-License-Identifier: GPL-2.0-or-later
"""A host made of namespaces: the image's own userspace (init, hostd, QEMU) on the running kernel.

A guest starts in a tenth of a second, so that what has to be done a thousand times can be. It needs
root with a writable cgroup v2; where it is not to be had, impossible() says why.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

BUILD = pathlib.Path(os.environ.get("MVIRT_BUILD", "/build"))
HERE = pathlib.Path(__file__).resolve().parent
GUEST_UIDS = range(70000, 170000)


def impossible():
    """Why such a host is impossible here, or None."""
    uids = sum(int(line.split()[2]) for line in open("/proc/self/uid_map", encoding="ascii"))
    if os.getuid() != 0 or uids < GUEST_UIDS.stop:
        return "it needs root, and the uids of guests"
    if not cgroup_mount():
        return "there is no cgroup v2"
    try:
        folder = tempfile.mkdtemp(prefix="mvirt-fault-", dir=cgroup_mount())
    except OSError as error:
        return f"cgroups cannot be made: {error.strerror}"
    os.rmdir(folder)
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--cgroup", "--fork", "mount", "-t", "sysfs",
                           "sysfs", "/sys"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"namespaces cannot be made: {done.stderr.strip()}"


def cgroup_mount():
    found = re.search(r"^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", pathlib.Path("/proc/self/mountinfo").read_text("utf-8"),
                      re.MULTILINE)
    return found and found.group(1)


def make_root(folder, config, files, vmm="qemu"):
    """Unpacks the image into folder; config and files {name: path} are what the last stick had. With vmm "fake" its hostd
    is one that runs guests in the fake VMM, which no image has."""
    folder = pathlib.Path(folder)
    subprocess.run(f"zstd -dcq {BUILD}/initramfs.cpio.zst | (cd {folder} && cpio -idm --quiet --no-absolute-filenames)",
                   shell=True, check=True)
    # The present programs, not those in the image.
    for name in ("init", "hostd", "mvirt"):
        shutil.copy(BUILD / "obj/hostd" / name, folder / "usr/bin" / name)
    if vmm == "fake":
        shutil.copy(BUILD / "obj/hostd/hostd-fake", folder / "usr/bin/hostd")
        shutil.copy(BUILD / "obj/hostd/mvirt-fake-vmm", folder / "usr/bin/mvirt-fake-vmm")
    kept = folder / "run-template/mvirt"
    (kept / "boot").mkdir(parents=True)
    (kept / "mvirt.conf").write_text(config, "utf-8")
    for name, path in files.items():
        shutil.copy(path, kept / "boot" / name)
    return folder


class Refused(Exception):
    """The API answered with an error."""


class Client:
    """One connection to the API."""

    def __init__(self, connected):
        self.socket = connected
        self._rest = b""

    def send(self, method, parameters=None, **flags):
        call = {"method": method, "parameters": parameters or {}, **flags}
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        while b"\0" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionResetError("the API closed the connection")
            self._rest += data
        answer, _, self._rest = self._rest.partition(b"\0")
        return json.loads(answer)

    def call(self, method, parameters=None):
        self.send(method, parameters)
        answer = self.receive()
        if "error" in answer:
            raise Refused(f"{answer['error']}: {json.dumps(answer.get('parameters'))}")
        return answer.get("parameters", {})

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Connector:
    """Connects to the API from inside the host: a client without a pid there is refused."""

    def __init__(self, init):
        self._socket, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self._child = os.fork()
        if self._child == 0:
            try:
                self._socket.close()
                os.setns(os.open(f"/proc/{init}/ns/pid", os.O_RDONLY), os.CLONE_NEWPID)
                # Only children enter a PID namespace.
                if os.fork() == 0:
                    self._serve(inner)
            finally:
                os._exit(0)
        inner.close()
        os.waitpid(self._child, 0)

    @staticmethod
    def _serve(inner):
        while path := inner.recv(4096):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(path.decode())
                socket.send_fds(inner, [b"0"], [connection.fileno()])
            except OSError as error:
                inner.send(str(error.errno).encode())
            connection.close()

    def connect(self, path):
        with self._lock:
            self._socket.send(path.encode())
            answer, fds, _, _ = socket.recv_fds(self._socket, 64, 1)
        if not fds:
            raise OSError(int(answer), os.strerror(int(answer)), path)
        return socket.socket(fileno=fds[0])

    def close(self):
        self._socket.close()


class Host:
    """One running host. We see its processes with our own pids."""

    def __init__(self, root, qemu=None):
        self.cgroup = pathlib.Path(tempfile.mkdtemp(prefix="mvirt-fault-", dir=cgroup_mount()))
        self.log_file = tempfile.NamedTemporaryFile(prefix="hostd-", suffix=".log")
        self.process = subprocess.Popen(
            [HERE / "enter-host", root, self.cgroup, *([qemu] if qemu else [])],
            stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file)
        self.init = self.connector = None
        try:
            self.wait(lambda: self.ready(), 30, "the first hostd")
        except BaseException:
            self.end()
            raise

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the host ended: " + self.log())
        children = children_of(self.process.pid)
        if children and name_of(children[0]) == "init":
            self.init = children[0]
            self.connector = self.connector or Connector(self.init)
        return self.init and self.answers()

    def end(self):
        if self.connector:
            self.connector.close()
        if self.init:
            try:
                os.kill(self.init, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + 5
        while "populated 1" in (self.cgroup / "cgroup.events").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)
        self.log_file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print("the host's log ends so:\n" + self.log()[-6000:])
        self.end()

    def wait(self, condition, limit_s, what):
        """Polls, because the tests doubt hostd's own reports. Returns the seconds that it took."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > limit_s:
                raise AssertionError(f"{what}: not within {limit_s} s; the log ends so:\n" + self.log()[-4000:])
            time.sleep(0.003)
        return time.monotonic() - start

    def log(self, start=0):
        with open(self.log_file.name, "rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")

    def log_size(self):
        return os.stat(self.log_file.name).st_size

    @property
    def api(self):
        return f"/proc/{self.init}/root/run/mvirt/api.sock"

    def connect(self, timeout=30):
        connected = self.connector.connect(self.api)
        connected.settimeout(timeout)
        return Client(connected)

    def call(self, method, **parameters):
        with self.connect() as client:
            return client.call(method, parameters)

    def answers(self):
        try:
            return bool(self.call("io.mvirt.Guest.List"))
        except OSError:
            return False

    def guest(self, name):
        return self.call("io.mvirt.Guest.Get", name=name)["guest"]

    def guests(self):
        return {guest["name"]: guest for guest in self.call("io.mvirt.Guest.List")["guests"]}

    def command(self, command, name):
        return self.call(f"io.mvirt.Guest.{command}", name=name)

    def wait_state(self, name, *states, limit_s=15):
        return self.wait(lambda: self.guest(name)["state"] in states, limit_s, f"{name} {'/'.join(states)}")

    # --- what the kernel says ---

    def hostd(self):
        """hostd's pid, or None. Its child between clone and exec has the same name, but another session or cgroup."""
        for pid in children_of(self.init):
            if name_of(pid) == "hostd" and not self.guest_of(pid):
                return pid
        return None

    def guest_of(self, pid):
        """The guest whose cgroup a process is in, or None."""
        try:
            text = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:
            return None
        found = re.search(r"^0::.*/mvirt/([^/\n]+)$", text, re.MULTILINE)
        return found and found.group(1)

    def processes(self):
        """Every process of the host: pid -> (name, guest or None). Zombies are not in it."""
        found = {}
        for group, _, files in os.walk(self.cgroup):
            for pid in pids_in(group) if "cgroup.procs" in files else []:
                name = name_of(pid)
                if name:
                    found[pid] = (name, self.guest_of(pid))
        return found

    def qemus(self):
        """The guests' processes: guest -> [pids], by the cgroups that they are in."""
        found = {}
        for pid, (_, guest) in self.processes().items():
            if guest:
                found.setdefault(guest, []).append(pid)
        return found

    def taps(self):
        text = pathlib.Path(f"/proc/{self.init}/net/dev").read_text()
        return sorted(re.findall(r"^\s*([^:\s]+):", text, re.MULTILINE))

    def groups(self):
        folder = self.cgroup / "mvirt"
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.exists() else []

    def run_files(self):
        """Sockets and log folders of guests; a record and a console's ring stay while the guest is defined."""
        base = pathlib.Path(f"/proc/{self.init}/root/run/mvirt/guests")
        return sorted(str(path.relative_to(base)) for path in base.glob("*/*")
                      if path.suffix == ".sock" or path.name in ("log", "stderr"))

    def mounts(self):
        return pathlib.Path(f"/proc/{self.init}/mountinfo").read_text().count("\n")

    def fd_names(self):
        folder, names = f"/proc/{self.hostd()}/fd", []
        for fd in os.listdir(folder):
            try:
                names.append(re.sub(r"\d+", "N", os.readlink(f"{folder}/{fd}")))
            except OSError:
                pass
        return sorted(names)

    def fds(self):
        """hostd's, without those of our last requests, which it closes later."""
        least = self.fd_names()
        for _ in range(20):
            time.sleep(0.01)
            least = min(least, self.fd_names(), key=len)
        return least

    def assert_fds(self, expected):
        try:
            self.wait(lambda: self.fds() == expected, 10, f"as many fds as before ({len(expected)})")
        except AssertionError as error:
            raise AssertionError(f"fds: {self.fds()}\ninstead of {expected}\n{error}") from None

    def rss_kib(self):
        return int(re.search(r"^Rss:\s+(\d+)", pathlib.Path(f"/proc/{self.hostd()}/smaps_rollup").read_text(),
                             re.MULTILINE).group(1))

    def things(self):
        """Everything that a stopped guest must not leave behind."""
        return {"taps": self.taps(), "groups": self.groups(), "files": self.run_files(), "mounts": self.mounts(),
                "processes": sorted(name for name, _ in self.processes().values())}

    def assert_things(self, expected, limit_s=5):
        """The kernel needs time to clean up a process."""
        try:
            self.wait(lambda: self.things() == expected, limit_s, "nothing left over")
        except AssertionError as error:
            raise AssertionError(f"left over: {self.things()}\ninstead of {expected}\n{error}") from None


def children_of(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def pids_in(group):
    try:
        return [int(pid) for pid in (pathlib.Path(group) / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def name_of(pid):
    """None for a zombie, and for a process that is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    return None if rest.split()[0] in "ZX" else name


def busy():
    """The load a processor: limits are for an idle machine."""
    return max(1, os.getloadavg()[0] / os.cpu_count())


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
