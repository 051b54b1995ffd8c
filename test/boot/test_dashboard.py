# SPDX-License-Identifier: GPL-2.0-or-later
"""The dashboard on the machine's screen and on a serial line, as a person sees it and types at it."""

import re
import time

import pyte
import pytest

import emulator
import guests
from pictures import key, look, wait_text
from test_faults import DEMO, guest_boot_id, wait_demo

PATIENCE_S = 60
PASSWORD = "geheim"
# openssl passwd -6 -salt salt geheim
HASH = ("$6$salt$couUYKtQ2tE3/VCDlMTXvTx.w0gArvuHiDiSXsZOiM"
        "i8aDfCsEJSxpqCzLFv7qX/4RFZ1iUIx5tKxuefdjtGG.")
PROMPT = r"mvirt: press Enter for the dashboard"
PSS_KIB_MAX = 2048
PANEL_4K = ["-global", "VGA.xres=3840", "-global", "VGA.yres=2160", "-global", "VGA.vgamem_mb=64"]


class Line:
    """The person at the other end of the serial line, with a terminal of 80x24."""

    def __init__(self, host):
        self.host = host
        self.log = open(host.folder / "console.log", "rb")
        self.screen = pyte.Screen(80, 24)
        self.screen.write_process_input = host.console.send
        self.stream = pyte.ByteStream(self.screen)
        self.log.seek(0, 2)

    def text(self):
        self.stream.feed(self.log.read())
        return "\n".join(line.rstrip() for line in self.screen.display)

    def expect(self, text, gone=False, timeout=PATIENCE_S):
        end = time.monotonic() + timeout
        while (text in self.text()) == gone:
            assert time.monotonic() < end, f"{'still' if gone else 'no'} {text!r} on the line:\n{self.text()}"
            time.sleep(0.1)

    def press(self, keys):
        self.host.console.send(keys)


def open_line(host):
    host.console.wait(r"hostd: host: ready", 240, start=0)
    host.console.wait(PROMPT, PATIENCE_S, start=0)
    line = Line(host)
    line.press("\r")
    line.expect("Guests")
    return line


def status_of(host, pid):
    return dict(line.split(":\t", 1) for line in host.shell(f"cat /proc/{pid}/status")[1].splitlines() if ":\t" in line)


@pytest.fixture(scope="module")
def host():
    """A demo guest, a mistake, a card without a driver, and a panel of 3840x2160. Each test goes on where the previous one
    ended."""
    options = {"stick": emulator.demo_files(DEMO + 'hostnam = "x"\n'), "distribution": True,
               "extra": ["-netdev", "user,id=net1,restrict=on", "-device", "ne2k_pci,netdev=net1", *PANEL_4K,
                         "-chardev", f"file,id=hvc,path={guests.LOGS}/dashboard/hvc.log", "-device", "virtio-serial-pci",
                         "-device", "virtconsole,chardev=hvc"]}
    with guests.starter("dashboard") as start:
        one = start(**options)
        wait_demo(one)
        yield one


def test_screen_at_boot(host):
    """What a new user sees first: the address, the guests, the keys, in letters that are readable on a large panel."""
    wait_text(host, r"lan +10\.0\.2\.15/24 \(dhcp\)")
    wait_text(host, r"no driver for Realtek Ethernet controller \[10ec:8029\]")
    # By DHCP: only the guest's own frames show it.
    wait_text(host, r"demo +running.* 10\.0\.2\.1\d$")
    picture = look(host)
    lines = picture.lines()
    text = "\n".join(lines)
    assert (picture.width, len(lines)) == (3840, 2160 // 32), (picture.width, len(lines))
    assert re.search(r"! mvirt\.conf:\d+: unknown key \"hostnam\"", text), text
    assert "S Start" in text and "F1 Help" in text, text
    listed = host.shell("mvirt list; mvirt info demo")[1]
    assert re.search(r"^demo .* 10\.0\.2\.1\d$", listed, re.MULTILINE), listed
    assert re.search(r"^address +10\.0\.2\.1\d$", listed, re.MULTILINE), listed
    # The next hostd still knows it: the guest sends nothing new by itself.
    before = len(host.console.text)
    host.shell("kill -9 $(pidof hostd)")
    host.console.wait(r"hostd: host: ready", PATIENCE_S, start=before)
    assert re.search(r"^demo .* 10\.0\.2\.1\d$", host.shell("mvirt list")[1], re.MULTILINE)
    # Typed at the machine's keyboard.
    key(host, "f1")
    wait_text(host, r"its serial console; Ctrl-\]")
    key(host, "esc")
    wait_text(host, r"Guests: 1 of 1 running")
    # The log is behind it, on Alt+F12.
    key(host, "alt", "f12")
    wait_text(host, r"hostd: guest demo: running")
    host.shell("mvirt kill demo", 60)
    wait_text(host, r"hostd: guest demo: stopped")
    key(host, "alt", "f1")
    wait_text(host, r"demo +stopped")
    start_demo(host)


def start_demo(host):
    """Starts the guest again, up to its shell."""
    before = len(host.console.text)
    host.shell("mvirt start demo", 60)
    wait_demo(host, start=before)


def test_every_console(host):
    """The screen, the serial line, and a hypervisor's console; the shell has the other line."""
    assert len(host.shell("pidof mvirt-dashboard")[1].split()) == 3
    assert re.search(PROMPT, (host.folder / "hvc.log").read_text())
    assert re.search(PROMPT, host.console.text)


def test_serial_key_by_key(host):
    line = open_line(host)
    line.expect("Guests: 1 of 1 running")
    line.expect("► demo")
    # To its console, and back.
    line.press("c")
    line.expect("Ctrl-] returns")
    line.press("\recho in-the-$((40+2))-guest\r")
    line.expect("in-the-42-guest")
    line.press("\x1d")
    line.expect("Guests: 1 of 1 running")
    line.press("l")
    line.expect("in-the-42-guest")
    line.press("q")
    # Stop asks first, and the log does not overwrite the page.
    line.press("t")
    line.expect("Stop guest demo?")
    line.press("n")
    line.expect("Stop guest demo?", gone=True)
    line.press("k")
    line.press("y")
    line.expect("► demo         stopped")
    line.expect("guest demo: stopped")
    assert "hostd: guest demo: stopped" not in line.text()
    line.press("s")
    line.expect("Guests: 1 of 1 running")
    # After leaving, the log is back.
    line.press("q")
    before = len(host.console.text)
    host.console.wait(PROMPT, PATIENCE_S, start=before - 200)
    host.shell("mvirt kill demo", 60)
    host.console.wait(r"hostd: guest demo: stopped", PATIENCE_S, start=before)


def test_killed_and_confined(host):
    """It has no rights, costs next to nothing, comes back, and nothing else notices."""
    start_demo(host)
    boot_id = guest_boot_id(host)
    wait_text(host, r"Guests: 1 of 1 running")
    pids = host.shell("pidof mvirt-dashboard")[1].split()
    assert len(pids) == 3, pids
    for pid in pids:
        status = status_of(host, pid)
        assert set(status["Uid"].split()) == {"60000"} and set(status["Gid"].split()) == {"60000"}, status
        assert all(int(status[name], 16) == 0 for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")), status
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2", status
        rollup = host.shell(f"cat /proc/{pid}/smaps_rollup")[1]
        pss_kib = int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE).group(1))
        assert pss_kib <= PSS_KIB_MAX, f"{pss_kib} KiB"
    # When nothing happens, only the clock wakes it.
    time.sleep(10)
    waits = [int(status_of(host, pid)["voluntary_ctxt_switches"]) for pid in pids]
    time.sleep(30)
    later = [int(status_of(host, pid)["voluntary_ctxt_switches"]) for pid in pids]
    assert all(b - a <= 15 for a, b in zip(waits, later)), (waits, later)
    before = len(host.console.text)
    host.shell("kill -9 " + " ".join(pids))
    end = time.monotonic() + PATIENCE_S
    while len(set(host.shell("pidof mvirt-dashboard")[1].split()) - set(pids)) < 3:
        assert time.monotonic() < end, "it does not come back"
        time.sleep(1)
    host.console.wait(PROMPT, PATIENCE_S, start=before)
    wait_text(host, r"Guests: 1 of 1 running")
    assert guest_boot_id(host) == boot_id


def test_address(host):
    """A new address is kept when it is confirmed, and goes back when it is not."""
    line = open_line(host)
    line.expect("10.0.2.15/24 (dhcp)")
    line.press("a")
    line.expect("Static address on lan")
    line.press("\x1510.0.2.77/24\r")
    line.expect("lan now has the address 10.0.2.77/24")
    line.expect("10.0.2.77/24 (static)")
    line.press("y")
    line.expect("keeps its new address until the machine goes down")
    # Another hostd keeps it too.
    before = len(host.console.text)
    host.shell("kill -9 $(pidof hostd)")
    host.console.wait(PROMPT, PATIENCE_S, start=before)
    networks = host.mvirt("status")["networks"]
    assert [a["address"] for a in networks[0]["addresses"] if a["origin"] == "static"] == ["10.0.2.77/24"], networks
    line = open_line(host)
    line.press("a")
    line.expect("Static address on lan")
    line.press("\x1510.9.9.9/24\t\x15\r")
    line.expect("lan now has the address 10.9.9.9/24")
    line.expect("10.0.2.77/24 (static)", timeout=90)
    line.expect("nobody confirmed the new one")


def test_password(machine):
    """Viewing needs no password; changes do."""
    host = machine(stick=emulator.demo_files(f'console-password = "{HASH}"\n' + DEMO))
    wait_demo(host)
    line = open_line(host)
    line.expect("► demo")
    line.press("l")
    line.expect("Log of demo")
    line.press("q")
    line.press("ky")
    line.expect("Console password")
    line.press("wrong\r")
    line.expect("not the console password")
    line.expect("Guests: 1 of 1 running")
    line.press("ky")
    line.expect("Console password")
    line.press(PASSWORD + "\r")
    line.expect("Guests: 0 of 1 running")
    assert PASSWORD not in host.console.text
