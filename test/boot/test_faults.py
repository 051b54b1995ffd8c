# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong on real machines: each costs what it must, says one clear line, and no more."""

import re
import time

import emulator

DEMO = """
guest "demo" {
	machine = "microvm"
	memory = "96M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet pci=off mvirt.name=demo"
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
    host = machine(stick=emulator.demo_files(DEMO), cpu="qemu64", kvm=False)
    host.console.wait(r"hostd: kvm: unusable: .+", 120)
    host.console.wait(r"hostd: guest demo: failed.*KVM", 60, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)


def test_software_emulation_only_where_allowed(machine):
    allowed = DEMO.replace('machine = "microvm"', 'machine = "microvm"\n\taccel = "any"')
    host = machine(stick=emulator.demo_files(allowed), cpu="qemu64", kvm=False)
    host.console.wait(r"hostd: guest demo: running.*no isolation", 120)
    wait_demo(host)


def test_no_nic(machine):
    host = machine(stick=emulator.demo_files(DEMO), nic=False)
    host.console.wait(r"hostd: net lan: no wired NIC", 120)
    host.console.wait(r"demo: mvirt-guest: up demo none", 240, start=0)


def test_no_disk(machine):
    host = machine()
    host.console.wait(r"hostd: config: .*built-in default", 120)
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120, start=0)
    status, output = host.shell("mvirt list")
    assert status == 0 and "no guests" in output, output


def test_broken_config(machine):
    """Every mistake is said with its line; a mistake in one guest costs that guest alone."""
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
    host.console.wait(r"demo: mvirt-guest: power button, powering off", 30, start=0)
    host.console.wait(r"hostd: guest demo: stopped", 30, start=0)
    assert "killed" not in host.console.text


def test_power_button(machine):
    """The machine's power button stops the guests by ACPI, then the machine."""
    host = machine(stick=emulator.demo_files(DEMO))
    wait_demo(host)
    host.qmp("system_powerdown")
    host.console.wait(r"hostd: power: the power button was pressed", 30)
    host.console.wait(r"demo: mvirt-guest: power button, powering off", 60)
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
    """Two file systems with the label: the first found is used, both are named."""
    second = emulator.make_fat(emulator.BUILD / "run" / "second.img", "MVIRT", {"mvirt.conf": b'hostname = "b"\n'})
    host = machine(stick=emulator.demo_files(DEMO),
                   extra=["-drive", f"if=none,id=two,format=raw,file={second}",
                          "-device", "usb-storage,drive=two"])
    host.console.wait(r"hostd: config: .*/dev/\w+.*/dev/\w+", 120)
    host.console.wait(r"hostd: host: ready", 60, start=0)


def test_too_much_memory(machine):
    big = DEMO.replace('"96M"', '"64G"')
    host = machine(stick=emulator.demo_files(big))
    host.console.wait(r"hostd: guest demo: failed.*64 GiB", 120)


def test_missing_kernel(machine):
    host = machine(stick={"mvirt.conf": DEMO.encode()})
    host.console.wait(r"hostd: guest demo: failed.*guest/vmlinuz", 120)
