# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulator as a bare machine: a medium, firmware, a configuration stick, consoles, QMP.

Used by the boot tests and by tools/run. Everything it makes is in a folder of its own; it talks to
UNIX sockets and loopback only.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
import zlib

BUILD = pathlib.Path(os.environ.get("MVIRT_BUILD", "/build"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
OVMF = pathlib.Path("/usr/share/OVMF")
# mvirt.efi on an EFI system partition, on three kinds of disks; the rest is the ISO, and the kernel without a medium
ESP_DISKS = {"efi": "virtio-blk-pci", "esp-sata": "ide-hd", "esp-nvme": "nvme"}
MEDIA = ("kernel", *ESP_DISKS, "cd", "usb", "sata", "nvme")
BOOT_SERIAL = "boot0"
# Our own QEMU as the emulator: it has what nested guests need (os/patches/qemu-tcg-svm.patch). The distribution's
# has devices that ours lacks.
OURS = (str(BUILD / "obj/bin/qemu-system-x86_64"), "-L", "/usr/share/qemu", "-L", "/usr/share/seabios")
DISTRIBUTIONS = ("qemu-system-x86_64",)


def kvm_runs_guests():
    """Whether the emulator may use KVM: the processor can, and the device is ours to open."""
    flags = re.search(r"^flags\s*:.*$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    can = bool(flags and re.search(r"\b(svm|vmx)\b", flags.group()))
    return can and os.access("/dev/kvm", os.R_OK | os.W_OK)


def run(*command, **options):
    """Runs a tool; shows its output only if it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
    return done.stdout


def make_fat(path, label, files, size_mib=None):
    """A FAT image with files {path on it: path here or bytes}."""
    contents = {name: (data if isinstance(data, bytes) else pathlib.Path(data).read_bytes())
                for name, data in files.items()}
    if size_mib is None:
        size_mib = sum(len(data) for data in contents.values()) // 2**20 + 34
    with open(path, "wb") as image:
        image.truncate(size_mib * 2**20)
    run("mkfs.fat", "-F", "32", "-n", label, path)
    made = set()
    for name, data in contents.items():
        folder = ""
        for part in pathlib.PurePosixPath(name).parts[:-1]:
            folder += "/" + part
            if folder not in made:
                run("mmd", "-i", path, "::" + folder)
                made.add(folder)
        subprocess.run(["mcopy", "-i", str(path), "-", "::" + name], input=data, check=True)
    return path


def make_disk(path, partitions):
    """A disk with a GPT and these images, one after another, as its partitions: {image: type, as sgdisk has it}."""
    sizes = [pathlib.Path(image).stat().st_size // 2**20 for image in partitions]
    with open(path, "wb") as disk:
        disk.truncate((sum(sizes) + 2) * 2**20)
    start = 1
    for number, ((image, kind), size) in enumerate(zip(partitions.items(), sizes), 1):
        run("sgdisk", f"--new={number}:{start * 2048}:+{size}M", f"--typecode={number}:{kind}", path)
        run("dd", f"if={image}", f"of={path}", "bs=1M", f"seek={start}", "conv=notrunc,sparse", "status=none")
        start += size
    return path


def demo_files(config=None):
    """The stick of examples/demo: mvirt.conf and the demo guest."""
    return {
        "mvirt.conf": (SOURCE / "examples/demo/mvirt.conf" if config is None else config.encode()),
        "guest/vmlinuz": BUILD / "guest/vmlinuz",
        "guest/initramfs.cpio.zst": BUILD / "guest/initramfs.cpio.zst",
    }


class Timeout(AssertionError):
    """An awaited line did not come; the message has the console's end."""


class Console:
    """A serial line: keeps everything that came, and can wait for a match."""

    def __init__(self, name, log):
        self.name = name
        self.text = ""
        self.mark = 0
        self.closed = False
        self.socket = None
        self._log = open(log, "wb")
        self._changed = threading.Condition()

    def attach(self, connection):
        self.socket = connection
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                if data:
                    self._log.write(data)
                    self._log.flush()
                    self.text += data.decode("utf-8", "replace").replace("\r", "")
                else:
                    self.closed = True
                self._changed.notify_all()
            if not data:
                return

    def wait(self, pattern, timeout=120, start=None):
        """Waits for a match after the last one (or after start); returns it."""
        expression = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        begin = self.mark if start is None else start
        with self._changed:
            while True:
                found = expression.search(self.text, begin)
                if found:
                    self.mark = found.end()
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or self.closed:
                    why = "the machine ended" if self.closed else f"{timeout} s passed"
                    raise Timeout(f"{self.name}: no line matches {pattern!r}: {why}. The console's end:\n"
                                  + self.text[-3000:])
                self._changed.wait(left)

    def send(self, text):
        self.socket.sendall(text.encode())


class Qmp:
    """The emulator's own monitor."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rw")
        self._read()
        self("qmp_capabilities")

    def _read(self):
        try:
            line = self._stream.readline()
        except TimeoutError:
            raise Timeout("the emulator's monitor did not answer for 60 s: the emulator itself hangs") from None
        if not line:
            raise ConnectionError("the emulator ended")
        return json.loads(line)

    def __call__(self, command, **arguments):
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            reply = self._read()
            if "error" in reply:
                raise RuntimeError(f"{command}: {reply['error']['desc']}")
            if "return" in reply:
                return reply["return"]


def png(ppm):
    """Converts a picture of the emulator, which has no libpng, to PNG."""
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    width, height = int(head.group(1)), int(head.group(2))
    rows = b"".join(b"\0" + ppm[at:at + 3 * width] for at in range(head.end(), head.end() + 3 * width * height, 3 * width))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content)) for kind, content in parts)


class Machine:
    """One emulated machine. Use as a context manager; it is gone at the end."""

    def __init__(self, folder, medium="kernel", firmware=None, stick=None, cmdline="", memory_mib=1024,
                 cpu=None, nic=True, kvm=True, extra=(), forward=(), processors=2, terminal=False, distribution=False,
                 esp_files=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.medium = medium
        self.firmware = firmware or ("bios" if medium == "kernel" else "uefi")
        self.process = None
        self.qmp = None
        self.console = Console("console", self.folder / "console.log")
        self.shell_console = Console("shell", self.folder / "shell.log")
        self._terminal = terminal
        # Files beside mvirt.efi, on an ESP labelled MVIRT.
        self._esp_files = esp_files
        self._emulator = DISTRIBUTIONS if distribution else OURS
        self.arguments = self._build(stick, cmdline, memory_mib, cpu, nic, kvm, extra, forward, processors)

    def _build(self, stick, cmdline, memory_mib, cpu, nic, kvm, extra, forward, processors):
        arguments = [*self._emulator, "-nodefaults", "-no-user-config", "-machine", "q35",
                     "-m", f"{memory_mib}M", "-smp", str(processors), "-vga", "std", "-display", "none"]
        if kvm_runs_guests() and kvm:
            arguments += ["-accel", "kvm", "-cpu", cpu or "host"]
        else:
            # With vgif, some nested guests hang under TCG. A triple fault resets the machine without a message of the
            # kernel: the log of resets shows it, with the processor's registers.
            arguments += ["-accel", "tcg,thread=multi", "-cpu", cpu or "max,vgif=off",
                          "-d", "cpu_reset", "-D", str(self.folder / "resets.log")]
        if self._terminal:
            arguments += ["-serial", "mon:stdio", "-device", "qemu-xhci,id=xhci"]
        else:
            for name in ("console", "shell", "qmp"):
                arguments += ["-chardev", f"socket,id={name},path={self.folder / name},server=on,wait=off"]
            arguments += ["-serial", "chardev:console", "-serial", "chardev:shell",
                          "-mon", "chardev=qmp,mode=control", "-device", "qemu-xhci,id=xhci"]
        if nic:
            rules = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for here, there in forward)
            arguments += ["-netdev", f"user,id=net0,restrict=on{rules}",
                          "-device", "virtio-net-pci,netdev=net0,id=nic0,romfile="]
        arguments += self._firmware() + self._medium(cmdline)
        if stick is not None:
            image = self.folder / "stick.img"
            if isinstance(stick, dict):
                make_fat(image, "MVIRT", stick)
            else:
                image = pathlib.Path(stick)
            arguments += ["-drive", f"if=none,id=stick,format=raw,file={image}",
                          "-device", "usb-storage,id=stick-usb,drive=stick,removable=on"]
        return arguments + list(extra)

    def _firmware(self):
        if self.firmware == "bios":
            return []
        variables = self.folder / "vars.fd"
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", variables)
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF / 'OVMF_CODE_4M.fd'}",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    def _medium(self, cmdline):
        if self.medium == "kernel":
            # The kernel panics when the timer's interrupts do not come in time, as in a busy emulator.
            line = " ".join(((SOURCE / "cmdline.txt").read_text().strip(),
                             "mvirt.shell=ttyS1 kvm_amd.dump_invalid_vmcb=1 no_timer_check", cmdline))
            return ["-kernel", str(BUILD / "vmlinuz"), "-initrd", str(BUILD / "initramfs.cpio.zst"),
                    "-append", line]
        # The UKI's stub appends it to its own; isolinux does not.
        more = ["-smbios", f"type=11,value=io.systemd.stub.kernel-cmdline-extra={cmdline}"] if cmdline else []
        if self.medium in ESP_DISKS:
            esp = make_fat(self.folder / "esp.img", "ESP" if self._esp_files is None else "MVIRT",
                           {"EFI/BOOT/BOOTX64.EFI": BUILD / "mvirt.efi", **(self._esp_files or {})})
            disk = make_disk(self.folder / "disk.img", {esp: "EF00"})
        elif self.medium == "cd":
            disk = BUILD / "mvirt.iso"
        else:
            # the same bytes, as dd writes them to a stick or a disk
            disk = self.folder / "disk.img"
            shutil.copy(BUILD / "mvirt.iso", disk)
        device = {
            **ESP_DISKS, "cd": "ide-cd", "usb": "usb-storage", "sata": "ide-hd", "nvme": "nvme",
        }[self.medium] + f",drive=boot,serial={BOOT_SERIAL},bootindex=0"
        media = ",media=cdrom,readonly=on" if self.medium == "cd" else ""
        return ["-drive", f"if=none,id=boot,format=raw,file={disk}{media}", "-device", device, *more]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def _connect(self, name):
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(str(self.folder / name))
                return connection
            except OSError:
                connection.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the emulator did not start: "
                                       + (self.folder / "emulator.log").read_text()) from None
                time.sleep(0.02)

    def start(self):
        (self.folder / "command").write_text(" ".join(self.arguments) + "\n")
        with open(self.folder / "emulator.log", "wb") as log:
            self.process = subprocess.Popen(self.arguments + ["-S"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.console.attach(self._connect("console"))
        self.shell_console.attach(self._connect("shell"))
        self._connect("qmp").close()
        self.qmp = Qmp(self.folder / "qmp")
        self.qmp("cont")

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def wait_off(self, timeout=120):
        """Waits until the machine has powered itself off."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout("the machine did not power off. The console's end:\n" + self.console.text[-3000:]) from None

    def shell(self, command, timeout=60):
        """Runs a command in the root shell of mvirt.shell=ttyS1; returns (exit status, output)."""
        shell = self.shell_console
        if not shell.text.endswith("# "):
            shell.wait(r"# $", timeout)
        start = len(shell.text)
        # The marks are in two parts so that the echo of the typed line does not match; all is one line, so
        # that nothing is echoed in between.
        shell.send(f'echo BEGIN-""MARK; {{ {command}; }}; echo MARK-""$?-END\n')
        shell.wait(r"BEGIN-MARK\n", timeout, start)
        start = shell.mark
        found = shell.wait(r"MARK-(\d+)-END\n", timeout, start)
        shell.wait(r"# $", timeout)
        return int(found.group(1)), shell.text[start:found.start()].rstrip("\n")

    def mvirt(self, arguments, timeout=60):
        """Runs `mvirt --json ARGUMENTS` in the machine; returns what the API returned."""
        status, output = self.shell("mvirt --json " + arguments, timeout)
        assert status == 0, f"mvirt {arguments} exited with {status}: {output}"
        return json.loads(output[output.index("{"):])

    def screenshot(self, path):
        """What is on the machine's screen, as PPM (or PNG by the name)."""
        path = pathlib.Path(path)
        self.qmp("screendump", filename=str(path.with_suffix(".ppm")), format="ppm")
        if path.suffix == ".png":
            path.write_bytes(png(path.with_suffix(".ppm").read_bytes()))
            path.with_suffix(".ppm").unlink()
