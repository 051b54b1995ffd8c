# SPDX-License-Identifier: GPL-2.0-or-later
"""The confinement of QEMU, audited from outside on every kind of guest: docs/security.md line by line."""

import json
import re

import pytest

import emulator

UID_FIRST, UID_LAST = 70000, 170000
FIRMWARE = "/usr/share/qemu"
GUESTS = "/run/mvirt/guests"
PROBE = "/tmp/probe"
# What hostd keeps (hostd/machine/privileges.c), as the kernel numbers it.
HOSTD_CAPABILITIES = sum(1 << number for number in (
    0,    # CHOWN
    1,    # DAC_OVERRIDE
    3,    # FOWNER
    5,    # KILL
    6,    # SETGID
    7,    # SETUID
    8,    # SETPCAP
    10,   # NET_BIND_SERVICE
    12,   # NET_ADMIN
    13,   # NET_RAW
    18,   # SYS_CHROOT
    19,   # SYS_PTRACE
    21,   # SYS_ADMIN
    24,   # SYS_RESOURCE
    26))  # SYS_TTY_CONFIG

# Every kind of guest: what differs in its definition, the fds that it has beyond QMP and console
# (vmm.h: in the order of its devices, from 5 on), and the files in its root.
KERNEL = '\tkernel = "guest/vmlinuz"\n\tinitrd = "guest/initramfs.cpio.zst"\n\tcmdline = "console=ttyS0 quiet mvirt.name=%s"\n'
DISK = '\tdisk {\n\t\tfile = "disk.img"\n\t\tformat = "raw"\n\t\treadonly = true\n\t}\n'
LIMITS = '\tcpu-weight = 150\n\tcpu-limit = 150\n\tio-weight = 50\n\tio-limit = "50M"\n'
KVM, TAP, VHOST = ("rw", r"/dev/kvm"), ("rw", r"/dev/net/tun"), ("rw", r"/dev/vhost-net")
SERIAL, VSOCK = ("rw", r"socket:\[\d+\]"), ("rw", r"/dev/vhost-vsock")
# They keep their numbers; the rest goes into fd sets.
NUMBERED = (TAP, VHOST, SERIAL, VSOCK)
SEED_FD = ("r", r"/memfd:seed.*")
# Everything that a guest can have at once
FULL = """	machine = "q35"
	display = "vnc"
	video = "virtio"
	serial-ports = 3
	vsock = true
	watchdog = "reset"
	cdrom {
		file = "disk.img"
	}
	cdrom {}
	cloud-init {
		hostname = "full"
	}
"""
DISK_FD = ("r", r"/run/mvirt/.*disk\.img.*")
VARIABLES_FD = ("rw", r".*/variables\.fd.*")
# UEFI's code, which QEMU opens itself in its root.
FIRMWARE_FD = ("r", r"/usr/share/qemu/OVMF_CODE\.fd")
KINDS = {
    "micro": {"text": '\tmachine = "microvm"\n' + KERNEL + "\tnic {}\n", "fds": [KVM, TAP, VHOST],
              "files": {"kernel", "initrd"}},
    "direct": {"text": '\tmachine = "q35"\n' + KERNEL + '\tnic {\n\t\tmodel = "e1000"\n\t}\n', "fds": [KVM, TAP],
               "files": {"kernel", "initrd"}},
    "bios": {"text": '\tmachine = "q35"\n' + LIMITS + DISK + "\tnic {}\n", "fds": [KVM, TAP, VHOST, DISK_FD], "files": set()},
    "uefi": {"text": '\tmachine = "q35"\n\tfirmware = "uefi"\n' + DISK, "fds": [KVM, VARIABLES_FD, DISK_FD, FIRMWARE_FD],
             "files": set()},
    "full": {"text": FULL + DISK.replace("true", 'true\n\t\tbus = "scsi"') + '\tnic {}\n\tnic {\n\t\tisolate = true\n\t}\n',
             "fds": [SERIAL, SERIAL, KVM, VSOCK, TAP, VHOST, TAP, VHOST, DISK_FD, DISK_FD, SEED_FD], "files": set()},
    "pc": {"text": '\tmachine = "pc"\n' + DISK + '\tnic {\n\t\tmodel = "rtl8139"\n\t}\n', "fds": [KVM, TAP, DISK_FD],
           "files": set()},
}
# Files that QEMU always makes itself while it runs.
OWN_FDS = r"anon_inode:\[(eventfd|eventpoll|signalfd|timerfd)\]|anon_inode:kvm-(vm|vcpu(-stats)?:\d+)|/memfd:.*|socket:\[\d+\]"


def configuration():
    return "".join(f'guest "{name}" {{\n\tmemory = "96M"\n\trestart = "always"\n\tshutdown-timeout = 1\n'
                   + (kind["text"] % name if "%s" in kind["text"] else kind["text"]) + "}\n"
                   for name, kind in KINDS.items())


# Each has to fail, and must leave nothing on the host.
QMP_PROBES = [
    ("blockdev-add", {"driver": "file", "node-name": "p0", "filename": "/etc/shadow"}),
    ("blockdev-add", {"driver": "file", "node-name": "p1", "filename": "/etc/passwd", "read-only": True}),
    ("blockdev-add", {"driver": "file", "node-name": "p2", "filename": "/proc/1/root/etc/passwd", "read-only": True}),
    ("blockdev-add", {"driver": "host_device", "node-name": "p3", "filename": "/dev/vda"}),
    ("blockdev-add", {"driver": "file", "node-name": "p4", "filename": "/run/mvirt/api.sock"}),
    ("migrate", {"uri": "exec:touch /tmp/escaped"}),
    ("migrate", {"uri": "file:/run/escaped"}),
    ("migrate", {"uri": "unix:/run/mvirt/api.sock"}),
    ("chardev-add", {"id": "c0", "backend": {"type": "file", "data": {"out": "/run/escaped"}}}),
    ("chardev-add", {"id": "c1", "backend": {"type": "serial", "data": {"device": "/dev/ttyS1"}}}),
    ("chardev-add", {"id": "c2", "backend": {"type": "pipe", "data": {"device": "/run/escaped"}}}),
    ("chardev-add", {"id": "c3", "backend": {"type": "socket", "data": {
        "addr": {"type": "unix", "data": {"path": "/run/mvirt/api.sock"}}, "server": False}}}),
    ("chardev-add", {"id": "c4", "backend": {"type": "pty", "data": {}}}),
    ("object-add", {"qom-type": "secret", "id": "o0", "file": "/etc/passwd"}),
    ("object-add", {"qom-type": "memory-backend-file", "id": "o1", "size": 4096, "mem-path": "/etc/passwd"}),
    ("object-add", {"qom-type": "rng-random", "id": "o2", "filename": "/dev/kmsg"}),
    ("netdev_add", {"type": "tap", "id": "n0", "ifname": "lan"}),
    ("netdev_add", {"type": "tap", "id": "n1", "script": "/bin/sh"}),
    ("pmemsave", {"val": 0, "size": 4096, "filename": "/run/escaped"}),
    ("screendump", {"filename": "/run/escaped"}),
    ("dump-guest-memory", {"paging": False, "protocol": "file:/run/escaped"}),
]
QMP_LINES = [{"execute": "qmp_capabilities"}, {"execute": "query-name"},
             *({"execute": command, "arguments": arguments} for command, arguments in QMP_PROBES),
             {"execute": "query-migrate"}, {"execute": "query-status"}]


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """One machine with one guest of every kind, all running, and the probe in its /tmp."""
    folder = tmp_path_factory.mktemp("confinement")
    probe = folder / "probe"
    emulator.run("gcc", "-static", "-O1", "-s", "-o", probe, emulator.SOURCE / "test/boot/probe.c")
    files = emulator.demo_files(configuration())
    files["disk.img"] = b"\0" * 2**20
    files["probe"] = probe
    files["qmp.txt"] = "".join(json.dumps(line) + "\n" for line in QMP_LINES).encode()
    logs = emulator.BUILD / "run" / "test" / "confinement"
    with emulator.Machine(logs, stick=files, memory_mib=1536) as machine:
        machine.console.wait(r"hostd: host: ready", 180)
        for name in KINDS:
            machine.console.wait(rf"hostd: guest {name}: running", 180, start=0)
        status, output = machine.shell("mount | grep mvirt/config; cp /run/mvirt/config/probe /run/mvirt/config/qmp.txt /tmp"
                                       f" && chmod 755 {PROBE}")
        assert status == 0, output
        machine.pids = {name: pid_of(machine, name) for name in KINDS}
        yield machine
    for image in logs.glob("*.img"):
        image.unlink()


def sh(host, command):
    status, output = host.shell(command)
    assert status == 0, f"{command}: {output}"
    return output


def pid_of(host, name):
    """By its cgroup: the one process in it."""
    pids = sh(host, f"cat /sys/fs/cgroup/mvirt/{name}/cgroup.procs").split()
    assert len(pids) == 1, f"{name}: not one process but {pids}"
    return int(pids[0])


def fields(text):
    return dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", text, re.MULTILINE))


def answers(text):
    """The probe's lines "what: EPERM"."""
    return dict(re.findall(r"^([^:\n]+): (\w+)$", text, re.MULTILINE))


@pytest.fixture(params=KINDS)
def guest(request, host):
    return request.param, host.pids[request.param]


def test_identity_and_capabilities(host, guest):
    name, pid = guest
    status = fields(sh(host, f"cat /proc/{pid}/status"))
    uids, gids = status["Uid"].split(), status["Gid"].split()
    assert len(set(uids + gids)) == 1 and UID_FIRST <= int(uids[0]) <= UID_LAST, (name, uids, gids)
    assert status["Groups"] == ""
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, (kind, status[kind])
    assert status["NoNewPrivs"] == "1"
    # Filters: hostd's, ours, QEMU's own.
    assert status["Seccomp"] == "2" and int(status["Seccomp_filters"]) >= 3
    assert sh(host, f"cat /proc/{pid}/environ") == ""


def test_every_uid_is_one_guest(host):
    uids = [fields(sh(host, f"cat /proc/{pid}/status"))["Uid"].split()[0] for pid in host.pids.values()]
    assert len(set(uids)) == len(uids)


def test_namespaces(host, guest):
    name, pid = guest
    others = [1, *(other for other in host.pids.values() if other != pid)]
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts"):
        own = sh(host, f"readlink /proc/{pid}/ns/{kind}")
        for other in others:
            assert own != sh(host, f"readlink /proc/{other}/ns/{kind}"), (name, kind, other)
    # Its user namespace has no user. Its uid may have several: the kernel counts those of ended QEMUs for a while.
    assert sh(host, f"cat /proc/{pid}/uid_map /proc/{pid}/gid_map") == ""
    assert sh(host, "cat /proc/sys/user/max_user_namespaces") == "64"


def test_root(host, guest):
    """A root with the firmware, its own files, an empty /tmp; read-only, nothing executable, no device."""
    name, pid = guest
    found = set(sh(host, f"ls -A /proc/{pid}/root").split())
    assert found == {"usr", "tmp", "dev", *KINDS[name]["files"]}, found
    assert sh(host, f"ls -A /proc/{pid}/root/tmp /proc/{pid}/root/usr /proc/{pid}/root/usr/share").split("\n") == [
        f"/proc/{pid}/root/tmp:", "", f"/proc/{pid}/root/usr:", "share", "", f"/proc/{pid}/root/usr/share:", "qemu"]
    assert sh(host, f"ls -A /proc/{pid}/root/dev") == "null"
    mounts = {}
    for line in sh(host, f"cat /proc/{pid}/mountinfo").split("\n"):
        parts = line.split()
        mounts[parts[4]] = set(parts[5].split(","))
    assert set(mounts) == {"/", "/tmp", "/dev/null", FIRMWARE, *(f"/{file}" for file in KINDS[name]["files"])}
    for point, options in mounts.items():
        assert {"nosuid", "noexec"} <= options, (point, options)
        assert point == "/dev/null" or "nodev" in options, (point, options)
        assert point == "/tmp" or "ro" in options, (point, options)


def test_fd_table(host, guest):
    """Exactly what vmm.h lists, and what QEMU makes itself. What goes into an fd set (KVM, disks, the variable
    store) QEMU moves to another number at its start, and opens anew as a copy of the same."""
    name, pid = guest
    table = {}
    for line in sh(host, f"{PROBE} fds {pid}").split("\n"):
        number, access, link = line.split(" ", 2)
        table[int(number)] = (access, link)
    numbered = {0: ("rw", r"/dev/null"), 1: ("rw", r"/dev/null"), 2: ("w", r".*/stderr"),
                3: ("rw", r"socket:\[\d+\]"), 4: ("rw", r"socket:\[\d+\]")}
    numbered |= {number: fd for number, fd in enumerate(KINDS[name]["fds"], 5) if fd in NUMBERED}
    for number, (access, link) in numbered.items():
        assert number in table, f"{name}: no fd {number} ({link}): {table}"
        assert table[number][0] == access and re.fullmatch(link, table[number][1]), (name, number, table[number])
    moved = [fd for fd in KINDS[name]["fds"] if fd not in NUMBERED]
    rest = {number: fd for number, fd in table.items()
            if number not in numbered and not re.fullmatch(OWN_FDS, fd[1])}
    for access, link in moved:
        assert any(fd[0] == access and re.fullmatch(link, fd[1]) for number, fd in table.items()
                   if number not in numbered), (name, access, link, table)
    for number, fd in rest.items():
        assert any(fd[0] == access and re.fullmatch(link, fd[1]) for access, link in moved), \
            f"{name}: fd {number} is not documented: {fd}"


def test_limits_and_cgroup(host, guest):
    name, pid = guest
    limits = sh(host, f"cat /proc/{pid}/limits")
    for what, value in (("core file size", 0), ("open files", 4096), ("locked memory", 65536), ("processes", 512)):
        assert re.search(rf"^Max {what} +{value} +{value} ", limits, re.MULTILINE), (what, limits)
    assert sh(host, f"cat /proc/{pid}/cgroup") == f"0::/mvirt/{name}"
    group = f"/sys/fs/cgroup/mvirt/{name}"
    most = int(sh(host, f"cat {group}/memory.max"))
    assert 96 << 20 < most < 600 << 20
    assert sh(host, f"cat {group}/memory.swap.max") in ("0", ""), "swapping is allowed"
    assert sh(host, f"cat {group}/memory.oom.group {group}/pids.max").split() == ["1", "512"]
    controllers = set(sh(host, f"cat {group}/cgroup.controllers").split())
    assert {"cpu", "io", "memory", "pids", "hugetlb"} <= controllers, controllers
    assert sh(host, f"stat -c '%a %u %g' {group} {group}/cgroup.procs").split("\n") == ["755 0 0", "644 0 0"]


def test_configured_limits(host):
    group = "/sys/fs/cgroup/mvirt/bios"
    assert sh(host, f"cat {group}/cpu.weight {group}/cpu.max {group}/io.weight").split("\n") == [
        "150", "150000 100000", "default 50"]
    disk = sh(host, "cat /sys/class/block/sda/dev")
    assert sh(host, f"cat {group}/io.max").startswith(f"{disk} rbps=52428800 wbps=52428800 ")
    assert re.search(rf"^{disk} enable=1 ", sh(host, "cat /sys/fs/cgroup/io.cost.qos"), re.MULTILINE)


def test_sockets_are_hostds(host, guest):
    name, _ = guest
    assert sh(host, f"stat -c '%a %u %g' {GUESTS}/{name}") == "700 0 0"
    for line in sh(host, f"stat -c '%u %g %F' {GUESTS}/{name}/*.sock").split("\n"):
        assert line == "0 0 socket", line
    assert not re.search(r"guest-.*LISTEN", sh(host, "cat /proc/net/unix")), "an abstract socket"


# What a process with another guest's uid can do on the host, outside every namespace.
AS_ANOTHER = {
    "signal": "EPERM", "queue signal": "EPERM", "trace": "EPERM",
    "limits": "EPERM", "take fd": "EPERM", "enter namespaces": "EPERM", "enter network": "EPERM",
    "/proc/mem": "EACCES", "/proc/maps": "EACCES", "/proc/environ": "EACCES", "/proc/fd": "EACCES",
    "/proc/root": "EACCES", "/proc/oom_score_adj": "EACCES", "folder": "EACCES", "record": "EACCES",
    "QMP": "EACCES", "serial": "EACCES", "API": "EACCES", "cgroup": "EACCES", "memory limit": "EACCES",
    "KVM": "EACCES", "log": "EPERM",
}


def uid_of(host, pid):
    return int(sh(host, f"stat -c %u /proc/{pid}"))


def neighbour(host, name):
    names = list(KINDS)
    other = names[(names.index(name) + 1) % len(names)]
    return other, host.pids[other]


def test_neighbours_uid(host, guest):
    name, pid = guest
    other, other_pid = neighbour(host, name)
    found = answers(sh(host, f"{PROBE} as {uid_of(host, pid)} {other_pid} {other}"))
    for what, wanted in AS_ANOTHER.items():
        assert found[what] == wanted, (what, found[what], wanted)
    for what in ("read memory", "write memory"):  # a kernel need not have that at all
        assert found[what] in ("EPERM", "ENOSYS"), (what, found[what])


def test_from_inside(host, guest):
    """With everything of a guest but its seccomp filter: the rest holds without it."""
    name, pid = guest
    other, other_pid = neighbour(host, name)
    output = sh(host, f"{PROBE} inside {pid} {other_pid} {other}")
    assert re.findall(r"^process: (\d+)$", output, re.MULTILINE) == ["1"], "it sees more than itself"
    found = answers(output)
    for what in ("signal", "queue signal", "trace", "read memory", "write memory"):
        assert found[what] in ("ESRCH", "ENOSYS"), (what, found[what])
    for what in ("/proc", "/dev/kvm", "/sys", "/etc/passwd", "/data", "up", "QMP", "API"):
        assert found[what] == "ENOENT", (what, found[what])
    for what in ("create", "firmware"):
        assert found[what] in ("EROFS", "EACCES"), (what, found[what])
    for what in ("remount", "mount", "device", "packet socket"):
        assert found[what] == "EPERM", (what, found[what])
    assert found["its user namespace"] == "ok"
    assert found["user namespace"] == "ENOSPC"


DHCP_UID = 69997
DHCP_CAPABILITIES = 1 << 13 | 1 << 10  # NET_RAW, NET_BIND_SERVICE


def test_dhcp_client(host):
    """udhcpc reads what anybody on the network sends: it is not root, and has no file."""
    pid = sh(host, "pgrep -f 'udhcpc -f -i lan'")
    assert pid.isdigit(), pid
    status = fields(sh(host, f"cat /proc/{pid}/status"))
    assert set(status["Uid"].split() + status["Gid"].split()) == {str(DHCP_UID)}
    assert status["Groups"] == "" and status["PPid"] == sh(host, "pidof hostd")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == DHCP_CAPABILITIES, (kind, status[kind])
    # Filters: hostd's, and its own.
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["Seccomp_filters"]) == 2
    assert sh(host, f"cat /proc/{pid}/environ") == ""
    assert sh(host, f"ls -A /proc/{pid}/root") == ""
    mounts = [line.split() for line in sh(host, f"cat /proc/{pid}/mountinfo").split("\n")]
    assert [mount[4] for mount in mounts] == ["/"], mounts
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(mounts[0][5].split(","))
    for kind in ("mnt", "pid", "ipc", "uts", "net", "user"):
        same = sh(host, f"readlink /proc/{pid}/ns/{kind}") == sh(host, f"readlink /proc/1/ns/{kind}")
        assert same == (kind in ("net", "user")), kind
    table = dict(line.split(" ", 2)[::2] for line in sh(host, f"{PROBE} fds {pid}").split("\n"))
    assert table["1"] == table["2"] == "/dev/null" and re.fullmatch(r"socket:\[\d+\]", table["0"])
    for number, link in table.items():
        assert number in "012" or re.fullmatch(r"(pipe|socket):\[\d+\]", link), table
    limits = sh(host, f"cat /proc/{pid}/limits")
    for what, value in (("core file size", 0), ("open files", 16), ("locked memory", 0), ("address space", 32 << 20)):
        assert re.search(rf"^Max {what} +{value} +{value} ", limits, re.MULTILINE), (what, limits)
    # And it still got the host its address.
    assert "10.0.2.15/24" in sh(host, "ip -o address show dev lan")


def test_hostd(host):
    """hostd has dropped what it does not need, and so has everything that it starts."""
    status = fields(sh(host, "cat /proc/$(pidof hostd)/status"))
    assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == int(status["CapBnd"], 16) == HOSTD_CAPABILITIES
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert sh(host, "stat -c '%a %u %g' /run/mvirt/api.sock").split()[0] == "600"


def test_qmp_probes(host, guest):
    """Control of a guest's QMP gives QEMU's rights: nothing on the host. hostd holds the connection, so it is killed
    first; QEMU and its guest go on."""
    name, pid = guest
    before = len(host.console.text)
    # The file's lines are longer than a line of the shell may be.
    output = sh(host, f"kill -9 $(pidof hostd); {PROBE} qmp {GUESTS}/{name}/qmp.sock </tmp/qmp.txt")
    replies = [json.loads(line) for line in output.split("\n") if line.startswith("{")]
    assert len(replies) == len(QMP_LINES), output
    assert replies[1]["return"]["name"] == name
    for (command, arguments), reply in zip(QMP_PROBES, replies[2:], strict=False):
        if command == "migrate" and "error" not in reply:
            continue  # it goes on in the background: see below
        assert "error" in reply, f"{name}: {command} {arguments} was allowed: {reply}"
    assert replies[-2]["return"].get("status", "failed") in ("failed", "none", "setup"), replies[-2]
    assert replies[-1]["return"]["status"] == "running"
    assert sh(host, "ls -d /tmp/escaped /run/escaped 2>/dev/null || true") == ""
    host.console.wait(rf"hostd: guest {name}: running", 60, start=before)
    host.console.wait(r"hostd: host: ready", 60, start=before)
    assert pid_of(host, name) == pid


def test_out_of_memory_is_one_guests(host):
    """The kernel kills the whole guest that has no memory left, and nothing else; hostd logs the reason."""
    others = {name: pid for name, pid in host.pids.items() if name != "micro"}
    before = len(host.console.text)
    sh(host, "echo 16M >/sys/fs/cgroup/mvirt/micro/memory.max")
    host.console.wait(r"hostd: guest micro: crashed \(.*memory", 60, start=before)
    host.console.wait(r"hostd: guest micro: running", 60, start=before)
    for name, pid in others.items():
        assert pid_of(host, name) == pid, name


def test_starts_at_once_after_its_end(host):
    """The kernel counts a user namespace for some time after its process ended: no start may fail because of that."""
    before = len(host.console.text)
    for _ in range(20):
        sh(host, "mvirt kill micro && mvirt start micro")
    assert "user namespace" not in host.console.text[before:]
