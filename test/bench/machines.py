# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated machines of the benchmarks: the same outer command line for every side.

Only the content of the disk differs. Times are of the wall, from the first instruction of the firmware; beside
them goes the processor time that the emulator has used, which other work on the machine disturbs less.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "boot"))
import emulator  # noqa: E402

from results import BUILD  # noqa: E402

BENCH = BUILD / "bench"
PEERS = BENCH / "peers"
RUN = BENCH / "run"
GUEST_LINE = r"bench: userspace tsc=(\d+)"


class Machine(emulator.Machine):
    """A machine with one disk, UEFI, three serial lines (console, shell, a guest's console)."""

    def __init__(self, name, disk, ready, memory_mib=2048, guest_on_console=False, processors=2, cmdline=""):
        self.disk = disk
        self.ready_line = ready
        self.guest_on_console = guest_on_console
        folder = RUN / name
        shutil.rmtree(folder, ignore_errors=True)
        self.guest_console = None
        third = ["-chardev", f"socket,id=guest,path={folder / 'guest'},server=on,wait=off", "-serial", "chardev:guest"]
        # systemd-stub adds what the firmware's tables say to the kernel's command line
        more = ["-smbios", f"type=11,value=io.systemd.stub.kernel-cmdline-extra={cmdline}"] if cmdline else []
        super().__init__(folder, medium="disk", firmware="uefi", memory_mib=memory_mib, processors=processors,
                         extra=third + more)
        self.guest_console = emulator.Console("guest", self.folder / "guest.log")
        self.begun = 0

    def _medium(self, cmdline):
        return ["-drive", f"if=none,id=boot,format=raw,snapshot=on,file={self.disk}",
                "-device", "virtio-blk-pci,drive=boot,bootindex=0"]

    def start(self):
        super().start()
        self.begun = time.monotonic()
        self.guest_console.attach(self._connect("guest"))

    def cpu_seconds(self):
        """The emulator's processor time."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def since_reset(self):
        return time.monotonic() - self.begun

    def wait_ready(self, timeout=600):
        """Waits until the API answers; returns (seconds of the wall, of the processor) since reset."""
        self.console.wait(self.ready_line, timeout, start=0)
        return self.since_reset(), self.cpu_seconds()

    def wait_guest(self, timeout=600, start=0):
        """Waits for the guest's first line of userspace, behind start in its console."""
        console = self.console if self.guest_on_console else self.guest_console
        console.wait(GUEST_LINE, timeout, start=start)
        return self.since_reset(), self.cpu_seconds()

    def guest_text(self):
        """How long the guest's console is now: where to wait from."""
        return len((self.console if self.guest_on_console else self.guest_console).text)

    def output(self, command, timeout=120):
        """What a command in the host's shell prints; it must succeed."""
        status, output = self.shell(command, timeout)
        if status != 0:
            raise RuntimeError(f"{command} exited with {status} in {self.folder.name}: {output}")
        return output

    def timed_shell(self, command, timeout=120):
        """Runs a command that must succeed; returns when it began and when it ended (time.monotonic())."""
        shell = self.shell_console
        if not shell.text.endswith("# "):
            shell.wait(r"# $", timeout)
        start = len(shell.text)
        # in two parts, so that the echo of what is typed does not match
        shell.send(f'echo BEGIN-""TIME; {command}; echo END-""$?-TIME\n')
        shell.wait(r"^BEGIN-TIME$", timeout, start)
        begun = time.monotonic()
        status = shell.wait(r"^END-(\d+)-TIME$", timeout, start).group(1)
        ended = time.monotonic()
        shell.wait(r"# $", timeout)
        if status != "0":
            raise RuntimeError(f"{command} exited with {status}: {shell.text[start:]}")
        return begun, ended

    def pause(self):
        self.qmp("stop")

    def go_on(self):
        self.qmp("cont")

    def command_line(self):
        """What was run, without the folder of this run."""
        return re.sub(re.escape(str(self.folder)) + r"/?", "", " ".join(self.arguments))


# --- our side and the peers, as disks ---

GUEST_MEMORY_MIB = 128


def our_config(machine="microvm", memory_mib=GUEST_MEMORY_MIB, autostart=True, names=("bench",), restart="never"):
    """mvirt.conf of the benchmarks."""
    guests = "".join(f"""
guest "{name}" {{
	machine = "{machine}"
	memory = "{memory_mib}M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet"
	nic {{}}
	autostart = {"true" if autostart else "false"}
	restart = "{restart}"
	echo-console = true
}}
""" for name in names)
    return 'hostname = "bench"\n' + guests


def our_disk(name, config, shell=True):
    """A FAT disk with mvirt.efi, mvirt.conf and the guest; the command line has a shell for the harness."""
    path = RUN / f"{name}.img"
    path.parent.mkdir(parents=True, exist_ok=True)
    image = BUILD / "mvirt.efi"
    if shell:
        image = BENCH / "obj/mvirt-shell.efi"
    return emulator.make_fat(path, "MVIRT", {
        "EFI/BOOT/BOOTX64.EFI": image,
        "mvirt.conf": config.encode(),
        "guest/vmlinuz": BUILD / "guest/vmlinuz",
        "guest/initramfs.cpio.zst": BENCH / "obj/guest.cpio.zst",
    })


def our_machine(name="ours", config=None, **options):
    disk = our_disk(name, our_config() if config is None else config)
    return Machine(name, disk, r"hostd: host: ready$", guest_on_console=True, **options)


def debian_machine(name="debian", guest="", **options):
    """libvirt's; guest is which of its guests is started at boot: "autostart", or "small" of 64 MiB, or none."""
    return Machine(name, PEERS / f"debian{guest and '-' + guest}.raw", r"bench: ready", **options)


def by_hand_machine(name="by-hand", guest="", **options):
    """Busybox and QEMU; guest is which guest is started at boot: "microvm", or "small" of 64 MiB, or none."""
    path = RUN / f"{name}.img"
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PEERS / "by-hand" / f"by-hand{guest and '-' + guest}.efi"
    emulator.make_fat(path, "ESP", {"EFI/BOOT/BOOTX64.EFI": image})
    return Machine(name, path, r"bench: ready", **options)


@contextlib.contextmanager
def both(ours, peer):
    """Two machines of which one runs at a time: yields them paused, once both are ready."""
    with ours, contextlib.ExitStack() as stack:
        ours.wait_ready()
        ours.shell("true")
        ours.pause()
        stack.enter_context(peer)
        peer.wait_ready()
        peer.shell("true")
        peer.pause()
        yield ours, peer


# --- machines whose time is counted in instructions ---

def run_counted(name, kernel, initramfs, cmdline, timeout=1800, memory_mib=1024, cpu="max,vgif=off", more=()):
    """Boots a kernel directly with one instruction a nanosecond until it powers off; returns its console.

    The time-stamp counter goes with the instructions then, and nothing else on this machine changes it."""
    folder = RUN / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [*emulator.OURS, "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg",
               "-icount", "shift=0,sleep=off", "-smp", "1", "-cpu", cpu, "-m", f"{memory_mib}M",
               "-display", "none", "-serial", f"file:{folder}/console.log", "-no-reboot",
               "-kernel", str(kernel), "-initrd", str(initramfs), "-append", f"console=ttyS0 {cmdline}", *more]
    (folder / "command").write_text(" ".join(command) + "\n", "utf-8")
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: the emulator failed: {done.stderr}")
    return (folder / "console.log").read_text("utf-8", "replace").replace("\r", "")
