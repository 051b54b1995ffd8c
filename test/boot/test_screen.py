# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest on the machine's own screen, seen and typed at from outside of the emulator.

The guest is a boot sector: it fills its screen with the color of the last key (1 to 7), or, when its
mouse does something, with gray or the color of the buttons.
"""

import re
import time

import pytest

import emulator

# mov ax, 13h; int 10h (320 x 200, 256 colors); ds = es = ss = 0, sp = 7c00h;
# int 15h, c205h, c207h, c200h: the PS/2 mouse, with the handler at 7c3fh; es = a000h;
# for ever: int 16h (a key), al &= 15, fill; fill: 64000 times al; the handler: al = buttons | 8, fill
SECTOR = bytes.fromhex(
    "b81300cd1031c08ed88ec08ed0bc007cb805c2b703cd15b807c2bb3f7ccd15b800c2b701cd15b800a08ec031c0cd16240f"
    "e80200ebf531ffb900fafcf3aac3600689e5b800a08ec08a461c24070c08e8e4ff0761cb")
DISK = SECTOR.ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)
BLUE, GREEN, RED, GRAY, LIGHT_BLUE = (0, 0, 168), (0, 168, 0), (168, 0, 0), (87, 87, 87), (87, 87, 255)
BLACK = (0, 0, 0)

GUEST = """
guest "{name}" {{
	machine = "pc"
	memory = "32M"
	display = "vnc"
	disk {{ file = "{name}.img" readonly = true }}
}}
"""
CONFIG = 'screen = "one"\n' + GUEST.format(name="one")


def stick(config=CONFIG, names=("one",)):
    return {"mvirt.conf": config.encode(), **{f"{name}.img": DISK for name in names}}


class Picture:
    """A screendump."""

    def __init__(self, path):
        data = path.read_bytes()
        head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        self.width, self.height = int(head.group(1)), int(head.group(2))
        self._pixels = data[head.end():]

    def __getitem__(self, place):
        at = 3 * (place[1] * self.width + place[0])
        return tuple(self._pixels[at:at + 3])

    def center(self):
        return self[self.width // 2, self.height // 2]

    def count(self, color):
        """How many pixels have it, of every seventh in both directions."""
        return sum(self[x, y] == color for y in range(0, self.height, 7) for x in range(0, self.width, 7))


def look(host):
    path = host.folder / "screen.ppm"
    host.screenshot(path)
    return Picture(path)


def wait_picture(host, judge, what, timeout=60, again=None):
    """Looks until judge(picture); again() is done in between."""
    deadline = time.monotonic() + timeout
    while True:
        picture = look(host)
        if judge(picture):
            return picture
        if time.monotonic() > deadline:
            host.screenshot(host.folder / "wrong.png")
            raise AssertionError(f"the screen does not show {what}: {host.folder}/wrong.png\n"
                                 + host.console.text[-2000:])
        if again:
            again()
        time.sleep(0.3)


def key(host, *names):
    host.qmp("send-key", keys=[{"type": "qcode", "data": name} for name in names])


def wait_color(host, color, keys=None, timeout=60):
    return wait_picture(host, lambda picture: picture.center() == color, f"{color} in the middle", timeout,
                        (lambda: key(host, *keys)) if keys else None)


def terminal_text(host):
    """What is on the terminal of messages, as the kernel has it."""
    status, text = host.shell("cat /dev/vcs63")
    assert status == 0, text
    return re.sub(r"\s+", " ", text)


def wait_text(host, pattern, timeout=60):
    deadline = time.monotonic() + timeout
    while not re.search(pattern, terminal_text(host)):
        assert time.monotonic() < deadline, f"no {pattern!r} on the screen: {terminal_text(host)}"
        time.sleep(0.5)


def start(machine, **options):
    host = machine(**{"stick": stick(), **options})
    host.console.wait(r"hostd: guest one: running", 240)
    return host


@pytest.mark.parametrize("video", ["std", "virtio"])
def test_guest_on_the_screen(machine, video):
    """Its picture, keys, mouse, every hotkey; on the drivers of an emulator's screens."""
    host = start(machine, extra=["-vga", video])
    # SeaBIOS first, then the sector. The first key may come before it listens.
    picture = wait_color(host, BLUE, keys=["1"], timeout=180)
    # nothing of the terminal is left beside it
    assert picture.count(BLUE) + picture.count(BLACK) == len(range(0, picture.width, 7)) * len(range(0, picture.height, 7))
    host.screenshot(host.folder / "guest.png")
    wait_color(host, RED, keys=["4"])
    # the mouse, relative: SeaBIOS knows no tablet
    host.qmp("input-send-event", events=[{"type": "rel", "data": {"axis": "x", "value": 20}}])
    wait_color(host, GRAY)
    host.qmp("input-send-event", events=[{"type": "btn", "data": {"down": True, "button": "left"}}])
    wait_color(host, LIGHT_BLUE)
    host.qmp("input-send-event", events=[{"type": "btn", "data": {"down": False, "button": "left"}}])
    wait_color(host, GRAY)
    # ask, no; ask, yes
    key(host, "ctrl", "alt", "esc")
    wait_text(host, 'End guest "one" now')
    wait_picture(host, lambda picture: picture.count(GRAY) == 0, "the question instead of the guest")
    key(host, "2")
    key(host, "esc")
    wait_color(host, GRAY)
    # the dashboard; what is typed there does not come here
    key(host, "ctrl", "alt", "f1")
    wait_picture(host, lambda picture: picture.count(GRAY) == 0, "the dashboard instead of the guest")
    key(host, "2")
    key(host, "ctrl", "alt", "f2")
    wait_color(host, GRAY)
    key(host, "ctrl", "alt", "esc")
    wait_text(host, 'End guest "one" now')
    key(host, "ret")
    host.console.wait(r"hostd: screen: guest one is ended at the machine's keyboard", 60)
    wait_text(host, 'Guest "one": (stopped|failed|crashed)', 60)
    wait_picture(host, lambda picture: picture.count(GRAY) == 0, "what became of the guest")
    host.screenshot(host.folder / "message.png")
    status, output = host.shell("mvirt start one", 120)
    assert status == 0, output
    wait_color(host, BLUE, keys=["1"], timeout=180)


def test_screenshots(machine):
    """Of the guest's display and of the machine's screen; without a guest one line says so."""
    host = start(machine)
    wait_color(host, BLUE, keys=["1"], timeout=180)
    status, output = host.shell("mvirt screenshot one /tmp/one.png && mvirt screenshot --host /tmp/host.png && "
                                "ls -l /tmp && cat /tmp/one.png /tmp/host.png > /dev/null", 120)
    assert status == 0 and re.search(r"\d{3,} .*one\.png", output) and re.search(r"\d{3,} .*host\.png", output), output
    status, output = host.shell("mvirt screenshot nobody /tmp/nobody.png || { ls /tmp; false; }")
    assert status == 1 and "nobody" in output.splitlines()[0] and "nobody.png" not in output, output


def test_two_guests(machine):
    """Each has a key; typing reaches the one that is seen."""
    config = GUEST.format(name="one") + GUEST.format(name="two")
    host = start(machine, stick=stick(config, ("one", "two")))
    host.console.wait(r"hostd: guest two: running", 120, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    # nobody has the screen: the console is there
    time.sleep(2)
    key(host, "ctrl", "alt", "f3")
    wait_color(host, BLUE, keys=["1"], timeout=180)
    key(host, "ctrl", "alt", "f2")
    wait_color(host, GREEN, keys=["2"], timeout=180)
    key(host, "ctrl", "alt", "f3")
    wait_color(host, BLUE)
    # there is no third one: nothing happens, nobody sees F4
    key(host, "ctrl", "alt", "f4")
    wait_color(host, RED, keys=["4"])


def test_process_killed(machine):
    """It comes back and shows what it showed; the guest notices nothing."""
    host = start(machine)
    wait_color(host, BLUE, keys=["1"], timeout=180)
    status, output = host.shell(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = mvirt-screen ] && kill -9 ${p#/proc/}; done; true")
    assert status == 0, output
    host.console.wait(r"hostd: screen: mvirt-screen was killed by signal 9", 30, start=0)
    wait_picture(host, lambda picture: picture.count(BLUE) > 0, "the guest again", 60)
    wait_color(host, RED, keys=["4"])


def test_process_is_confined(machine):
    """Its own uid, no capability, system calls filtered, nothing but its files."""
    host = start(machine)
    wait_color(host, BLUE, keys=["1"], timeout=180)
    status, output = host.shell(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = mvirt-screen ] && "
        "{ cat $p/status; ls -l $p/fd; ls $p/root; }; done; true")
    assert status == 0, output
    assert re.search(r"Uid:\s+69998\s+69998\s+69998\s+69998", output), output
    assert re.search(r"CapEff:\s+0+\n", output) and re.search(r"CapBnd:\s+0+\n", output), output
    assert re.search(r"NoNewPrivs:\s+1", output) and re.search(r"Seccomp:\s+2", output), output
    targets = set(re.findall(r"-> (\S+)", output))
    for target in targets:
        assert re.match(r"(/dev/(null|fb0|input/event\d+)|socket:|/memfd:)", target), targets


def test_firmware_framebuffer(machine):
    """A machine whose graphics have no driver: what UEFI has set up is drawn on."""
    host = start(machine, medium="efi", firmware="uefi", extra=["-vga", "vmware"])
    host.console.wait(r"hostd: screen: \d+x\d+, \d+ bits \(simple", 10, start=0)
    wait_color(host, BLUE, keys=["1"], timeout=240)


@pytest.mark.parametrize("scale", ["integer", "fit"])
def test_scale(machine, scale):
    host = start(machine, stick=stick(f'scale = "{scale}"\n' + CONFIG))
    picture = wait_color(host, BLUE, keys=["1"], timeout=180)
    whole = picture.count((0, 0, 0)) + picture.count(BLUE)
    assert picture.count(BLUE) > (whole * 7 // 10 if scale == "fit" else whole // 2)
