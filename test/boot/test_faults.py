# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of real machines: each has only its unavoidable effect, and one clear line."""

import re
import time

import pytest

import emulator

DEMO = """
guest "demo" {
	machine = "microvm"
	memory = "96M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet mvirt.name=demo"
	restart = "always"
	echo-console = true
	shutdown-timeout = 60
	nic {}
}
"""


def wait_demo(host, name="demo", start=0):
    host.console.wait(rf"{name}: mvirt-guest: up {name} (\S+)", 240, start=start)


def guest_boot_id(host, name="demo"):
    """The guest kernel's boot id, asked on its serial console."""
    marker = f"id-{time.monotonic_ns()}"
    status, output = host.shell(
        f"(echo; echo 'echo {marker} $(cat /proc/sys/kernel/random/boot_id)'; sleep 3) | mvirt console {name}", 60)
    assert status == 0, output
    found = re.search(rf"^{marker} ([0-9a-f-]{{36}})", output, re.MULTILINE)
    assert found, output
    return found.group(1)


def test_no_kvm(machine):
    """QEMU's qemu64 has SVM under TCG, and KVM really works on it: so the test switches SVM off."""
    host = machine(stick=emulator.demo_files(DEMO), cpu="qemu64,svm=off", kvm=False)
    host.console.wait(r"hostd: kvm: unusable: .+", 120)
    host.console.wait(r"hostd: guest demo: failed.*KVM", 60, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)


def test_no_nested_paging(machine):
    """QEMU's TCG runs KVM without nested paging, and no guest in it: the host says why."""
    if emulator.kvm_runs_guests():
        pytest.skip("real KVM always has what the processor has")
    host = machine(cpu="qemu64")
    host.console.wait(r"hostd: kvm: ok \(svm\)", 120)
    host.console.wait(r"hostd: kvm: the processor has no nested paging: .*npt=on", 60, start=0)


def test_software_emulation_only_where_allowed(machine):
    allowed = DEMO.replace('machine = "microvm"', 'machine = "microvm"\n\taccel = "any"')
    host = machine(stick=emulator.demo_files(allowed), cpu="qemu64,svm=off", kvm=False)
    host.console.wait(r"hostd: guest demo: running.*no isolation", 120)
    # What it prints would take minutes in an emulator inside an emulator.
    status, output = host.shell("mvirt list")
    assert status == 0 and "tcg (no isolation)" in output, output


def test_no_nic(machine):
    host = machine(stick=emulator.demo_files(DEMO), nic=False)
    host.console.wait(r"hostd: net lan: no wired NIC", 120)
    host.console.wait(r"demo: mvirt-guest: up demo none", 240, start=0)


def test_static_addresses(machine):
    """Without DHCP: both families, gateway and DNS from the file, and they work."""
    static = ('network "lan" {\n\tipv4 = "static"\n\taddress = ["10.0.2.77/24", "fec0::77/64"]\n'
              '\tgateway = "10.0.2.2"\n\tdns = ["10.0.2.3"]\n}\n')
    host = machine(stick=emulator.demo_files(static + DEMO))
    host.console.wait(r"hostd: net lan: 10\.0\.2\.77/24 \(static\)", 120)
    host.console.wait(r"hostd: net lan: fec0::77/64 \(static\)", 60, start=0)
    status, output = host.shell("ping -c 1 -W 5 10.0.2.2 && cat /etc/resolv.conf && ip route")
    assert status == 0 and "nameserver 10.0.2.3" in output and "default via 10.0.2.2" in output, output
    assert "udhcpc" not in host.shell("ps")[1]
    wait_demo(host)


def test_no_disk(machine):
    host = machine()
    host.console.wait(r"hostd: config: .*built-in default", 120)
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120, start=0)
    status, output = host.shell("mvirt list")
    assert status == 0 and "no guests" in output, output


def test_broken_config(machine):
    """Every mistake is reported with its line; a guest with a mistake is skipped, the others start."""
    broken = DEMO + 'guest "bad" {\n\tmemry = "1G"\n\tmachine = "vax"\n}\nspeed = 3\n'
    lines = broken.split("\n")
    host = machine(stick=emulator.demo_files(broken))
    for text in ("memry", "vax", "speed"):
        number = next(i for i, line in enumerate(lines, 1) if text in line)
        host.console.wait(rf"hostd: config: mvirt\.conf:{number}: .*{text}", 120, start=0)
    wait_demo(host)
    assert "guest bad" not in host.console.text


def test_unparsable_config(machine):
    host = machine(stick=emulator.demo_files('hostname = "x"\nguest "a" {\n'))
    host.console.wait(r"hostd: config: mvirt\.conf:\d+: ", 120)
    host.console.wait(r"hostd: host: ready", 60)


def test_killed_qemu_comes_back(machine):
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    before = len(host.console.text)
    status, output = host.shell("kill -9 $(pgrep -f guest=demo | head -n 1)")
    assert status == 0, output
    host.console.wait(r"hostd: guest demo: crashed", 30, start=before)
    host.console.wait(r"hostd: guest demo: running", 60, start=before)
    wait_demo(host, start=before)


def test_crash_loop_fails_alone(machine):
    """A guest that cannot start ends in failed, with the reason; its neighbour keeps running."""
    looping = DEMO + DEMO.replace("demo", "loop").replace('"guest/vmlinuz"', '"bad"')
    files = emulator.demo_files(looping)
    files["bad"] = b"this is no kernel" * 4096
    host = machine(stick=files)
    host.console.wait(r"hostd: guest loop: failed", 180)
    wait_demo(host)
    boot_id = guest_boot_id(host)
    assert boot_id == guest_boot_id(host)
    assert "guest demo: crashed" not in host.console.text


def test_stop_by_acpi(machine):
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    status, output = host.shell("mvirt stop demo", 90)
    assert status == 0, output
    host.console.wait(r"mvirt-guest: power button, powering off", 30, start=0)
    host.console.wait(r"hostd: guest demo: stopped", 30, start=0)
    assert "killed" not in host.console.text


def test_power_button(machine):
    """The machine's power button stops the guests by ACPI, then the machine."""
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    host.qmp("system_powerdown")
    host.console.wait(r"hostd: power: the power button was pressed", 30)
    host.console.wait(r"mvirt-guest: power button, powering off", 60)
    host.console.wait(r"hostd: guest demo: stopped", 60)
    host.wait_off(60)


def test_killed_hostd_keeps_its_guest(machine):
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    boot_id = guest_boot_id(host)
    before = len(host.console.text)
    status, output = host.shell("kill -9 $(pidof hostd)")
    assert status == 0, output
    host.console.wait(r"hostd: guest demo: running", 60, start=before)
    host.console.wait(r"hostd: host: ready", 60, start=before)
    assert guest_boot_id(host) == boot_id
    status, output = host.shell("mvirt stop demo", 90)
    assert status == 0, output
    host.console.wait(r"hostd: guest demo: stopped", 30, start=before)


def test_stick_pulled(machine):
    """Without its stick the host goes on, and its guest can be started again."""
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    before = len(host.console.text)
    host.qmp("device_del", id="stick-usb")
    host.console.wait(r"hostd: config: .*(gone|removed|pulled)", 60, start=before)
    status, output = host.shell("mvirt stop demo && mvirt start demo", 120)
    assert status == 0, output
    wait_demo(host, start=before)


def test_two_sticks(machine):
    """Two file systems with the label: none is used, both are named, and the person is told what to do."""
    second = emulator.make_fat(emulator.BUILD / "run" / "second.img", "MVIRT", {"mvirt.conf": b'hostname = "b"\n'})
    host = machine(stick=emulator.demo_files(DEMO),
                   extra=["-drive", f"if=none,id=two,format=raw,file={second}",
                          "-device", "usb-storage,drive=two"])
    host.console.wait(r"hostd: config: 2 file systems are labelled MVIRT, and none is used: /dev/sd[ab] \(UUID .*"
                      r"/dev/sd[ab] \(UUID .*reboot", 120)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    assert "2 file systems are labelled MVIRT" in host.shell("mvirt status")[1]


def test_too_much_memory(machine):
    big = DEMO.replace('"96M"', '"64G"')
    host = machine(stick=emulator.demo_files(big))
    host.console.wait(r"hostd: guest demo: failed.*64 GiB", 120)


def test_out_of_memory(machine):
    """The kernel kills a guest that uses more than it may: hostd logs why; the other guest does not notice."""
    host = machine(stick=emulator.demo_files(DEMO + DEMO.replace("demo", "eater")))
    wait_demo(host)
    wait_demo(host, "eater")
    boot_id, before = guest_boot_id(host), len(host.console.text)
    pid = host.shell("cat /sys/fs/cgroup/mvirt/demo/cgroup.procs")
    status, output = host.shell("echo 16M >/sys/fs/cgroup/mvirt/eater/memory.max")
    assert status == 0, output
    host.console.wait(r"hostd: guest eater: crashed \(killed by the kernel: its QEMU used more memory than it may", 60,
                      start=before)
    wait_demo(host, "eater", start=before)
    assert host.shell("cat /sys/fs/cgroup/mvirt/demo/cgroup.procs") == pid
    assert guest_boot_id(host) == boot_id
    assert "guest demo:" not in host.console.text[before:]


def test_missing_kernel(machine):
    host = machine(stick={"mvirt.conf": DEMO.encode()})
    host.console.wait(r"hostd: guest demo: failed.*guest/vmlinuz", 120)


def test_disk_in_use(machine, tmp_path):
    """One disk, two guests that may write to it: the second is refused, and the message says who has it."""
    disk = tmp_path / "scratch.img"
    disk.write_bytes(b"\0" * (1 << 20))
    part = '\tdisk {\n\t\tdevice = "serial:scratch"\n\t}\n}\n'
    both = DEMO.rstrip()[:-1] + part
    both += both.replace("demo", "other").replace("restart = ", "autostart = false\n\trestart = ")
    host = machine(stick=emulator.demo_files(both),
                   extra=["-drive", f"if=none,id=scratch,format=raw,file={disk}",
                          "-device", "virtio-blk-pci,drive=scratch,serial=scratch"])
    wait_demo(host)
    status, output = host.shell("mvirt start other")
    assert status == 1 and "in use by guest demo" in output, output
    status, output = host.shell("mvirt kill demo && mvirt start other", 90)
    assert status == 0, output
    wait_demo(host, "other")


def test_poweroff_by_command(machine):
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    host.shell_console.send("mvirt poweroff\n")
    host.console.wait(r"hostd: guest demo: stopped", 60)
    host.wait_off(60)


def test_nic_removed(machine):
    """The uplink disappears: hostd logs it, and the guest goes on."""
    host = machine(stick=emulator.demo_files(DEMO), nic=False, distribution=True,
                   extra=["-netdev", "user,id=net0,restrict=on", "-device", "usb-net,netdev=net0,id=usbnic"])
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120)
    wait_demo(host)
    boot_id = guest_boot_id(host)
    before = len(host.console.text)
    host.qmp("device_del", id="usbnic")
    host.console.wait(r"hostd: net lan: .*(gone|removed|disappeared|no wired NIC)", 60, start=before)
    assert guest_boot_id(host) == boot_id


def test_truncated_qcow2(machine):
    """A broken image stops only its guest, with QEMU's own reason."""
    broken = DEMO + ('guest "bad" {\n\tdisk {\n\t\tfile = "bad.qcow2"\n\t\tformat = "qcow2"\n'
                     '\t\treadonly = true\n\t}\n}\n')
    files = emulator.demo_files(broken)
    files["bad.qcow2"] = b"QFI\xfb\0\0\0\3" + b"\0" * 100
    host = machine(stick=files)
    host.console.wait(r"hostd: guest bad: failed \(.+\)", 120)
    wait_demo(host)


def test_full_run(machine):
    """With /run full nothing dies; a start is refused or retried with the reason, and works when there is room."""
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    status, output = host.shell("mvirt stop demo", 90)
    assert status == 0, output
    host.shell("dd if=/dev/zero of=/run/fill bs=1M", 120)
    before = len(host.console.text)
    host.shell("mvirt start --no-wait demo", 60)
    host.console.wait(r"hostd: guest demo: (crashed|failed) \(.*(space|full).*\)", 60, start=before)
    host.shell("rm /run/fill")
    status, output = host.shell("mvirt status && (mvirt kill demo; mvirt start demo)", 90)
    assert status == 0, output
    wait_demo(host, start=before)
