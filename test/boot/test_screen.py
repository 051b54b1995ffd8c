# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's own screen, seen and typed at from outside the emulator: the dashboard, a guest on the screen,
every hotkey, what happens when something ends. One machine for each kind of screen; its tests go on where
the one before has ended.

The guests are a boot sector: screen-guest.S.
"""

import re

import pytest

import emulator
import guests
from pictures import (button, key, look, move, point, read_png, wait_area, wait_color, wait_picture,
                      wait_text)
from screen_guests import LINUX, make_linux, make_sector_disk

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
BLUE, GREEN, CYAN, RED, MAGENTA = (0, 0, 168), (0, 168, 0), (0, 168, 168), (168, 0, 0), (168, 0, 168)
LIGHT_BLUE, LIGHT_RED = (87, 87, 255), (255, 87, 87)

GUEST = """
guest "{name}" {{
	machine = "pc"
	memory = "32M"
	display = "vnc"
	restart = "never"
	disk {{ file = "one.img" readonly = true }}
}}
"""
CONFIG = 'hostnam = "x"\nscale = "%s"\n' + GUEST.format(name="one") + GUEST.format(name="two")
# The UKI's stub adds words to the kernel's command line from there: here, that only simpledrm may
# have the card.
FIRMWARE_ALONE = ["-smbios", "type=11,value=io.systemd.stub.kernel-cmdline-extra=mvirt.shell=ttyS1 nomodeset"]
MACHINES = {
    "std": ("none", {"extra": ["-vga", "std"]}),
    "virtio": ("integer", {"extra": ["-vga", "virtio"]}),
    # as on a card without a driver: the kernel uses UEFI's framebuffer
    "firmware": ("fit", {"medium": "efi", "firmware": "uefi", "extra": ["-vga", "std", *FIRMWARE_ALONE]}),
}


@pytest.fixture(scope="module", params=MACHINES)
def screen(request, tmp_path_factory):
    """A machine with that kind of screen, two guests and a mistake in its configuration."""
    scale, options = MACHINES[request.param]
    options = {**options, "extra": [*options["extra"], "-device", "usb-tablet,bus=xhci.0"]}
    disk = make_sector_disk(tmp_path_factory.mktemp("guest"))
    with guests.starter(f"screen-{request.param}") as start:
        host = start(stick={"mvirt.conf": (CONFIG % scale).encode(), "one.img": disk}, **options)
        host.kind, host.scale = request.param, scale
        host.console.wait(r"hostd: guest one: running", 240)
        host.console.wait(r"hostd: guest two: running", 120, start=0)
        yield host


def wait_shown(host, color, number, timeout=180):
    """The guest on the screen shows the key's color; SeaBIOS comes first."""
    return wait_color(host, color, keys=[str(number)], timeout=timeout)


def kill_all(host, name):
    status, output = host.shell(f'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = {name} ] && kill -9 ${{p#/proc/}}; done; true')
    assert status == 0, output


def test_dashboard_at_boot(screen):
    """What a new user sees first: address, mistakes, guests, keys."""
    driver = {"std": "bochs", "virtio": "virtio", "firmware": "simple"}[screen.kind]
    screen.console.wait(rf"hostd: screen: \d+x\d+, \d+ bits \({driver}", 10, start=0)
    wait_text(screen, r"^ +lan +10\.0\.2\.15/24 \(dhcp\).* on eth0")
    wait_text(screen, r'^! mvirt\.conf:1: unknown key "hostnam"')
    text = wait_text(screen, r"^► one +running(.|\n)*^ +two +running(.|\n)*F1 Help").string
    assert re.search(r"^── Guests: 2 of 2 running ─{10,}$", text, re.MULTILINE), text
    assert re.search(r"KVM +(svm|vmx)", text) and re.search(r"Memory +[■·]+ ", text), text
    key(screen, "f1")
    wait_text(screen, r"its serial console; Ctrl-\] returns")
    key(screen, "esc")
    wait_text(screen, r"Guests: 2 of 2 running")


def test_guest_chosen_at_the_dashboard(screen):
    """V: its picture, scaled as `scale` says, and no text beside it."""
    key(screen, "v")
    wait_text(screen, r"Give the screen to guest one\?")
    key(screen, "y")
    wait_shown(screen, BLUE, 1)
    left, top, right, bottom = wait_area(screen, BLUE)
    picture = look(screen)
    wide, high = right - left + 1, bottom - top + 1
    assert abs(left + right + 1 - picture.width) <= 2 and abs(top + bottom + 1 - picture.height) <= 2
    if screen.scale == "none":
        assert (wide, high) in ((320, 200), (640, 400))
    elif screen.scale == "integer":
        assert wide % 320 == 0 and high % 200 == 0 and wide * 5 == high * 8
        assert wide + 640 > picture.width or high + 400 > picture.height
    else:
        assert wide == picture.width or high == picture.height
    # nothing is around it; the pointer's blended edge is between the colours
    around = {picture[x, y] for y in range(0, picture.height, 3) for x in range(0, picture.width, 3)
              if not (left <= x <= right and top <= y <= bottom)}
    within = {picture[x, y] for y in range(top, bottom, 3) for x in range(left, right, 3)}
    assert around <= {BLACK} and (within <= {BLUE, WHITE} or screen.scale == "fit"), (around, within)


def pointer(picture):
    """Where the guest's pointer is, or None while it is drawn."""
    area = picture.area(WHITE, step=1)
    return area[:2] if area else None


def wait_pointer(host, judge, what):
    """Looks until judge(x, y)."""
    def seen(picture):
        place = pointer(picture)
        return place and judge(*place)
    return pointer(wait_picture(host, seen, what))


def test_keys_and_mice(screen):
    """Keys, a keyboard that comes and goes, a mouse that says how far, a tablet that says where, a button."""
    wait_shown(screen, RED, 4)
    screen.qmp("device_add", driver="usb-kbd", id="second", bus="xhci.0")
    wait_shown(screen, CYAN, 3)
    screen.qmp("device_del", id="second")
    wait_shown(screen, RED, 4)
    corner = wait_pointer(screen, lambda x, y: True, "a pointer")
    move(screen, 60, 40)
    moved = wait_pointer(screen, lambda x, y: x > corner[0] and y > corner[1], "a pointer that moved")
    move(screen, -20, 0)
    wait_pointer(screen, lambda x, y: x < moved[0] and y == moved[1], "a pointer that moved back")
    button(screen, "left", True)
    wait_picture(screen, lambda picture: picture.count(LIGHT_RED), "a button that is down")
    button(screen, "left", False)
    wait_color(screen, RED)
    # The guest's mouse is relative: it moves as far as the tablet's place has moved, first to both corners.
    point(screen, 32767, 32767)
    wait_pointer(screen, lambda x, y: x > moved[0] and y > moved[1], "a pointer that followed the tablet")
    point(screen, 0, 0)
    wait_pointer(screen, lambda x, y: (x, y) == corner, "a pointer in its corner")
    point(screen, 17500, 17500)
    wait_pointer(screen, lambda x, y: x > corner[0] and y > corner[1], "a pointer that followed the tablet again")


def test_resolution_change(screen):
    """The guest sets another mode: larger, still centred, nothing of the old picture is left; and back."""
    wait_shown(screen, BLUE, 1)
    small = wait_area(screen, BLUE)
    wait_color(screen, MAGENTA, keys=["m"])

    def filled(picture):
        area = picture.area(MAGENTA, step=1)
        return (area and abs(area[0] + area[2] + 1 - picture.width) <= 2 and abs(area[1] + area[3] + 1 - picture.height) <= 2
                and picture.count(BLUE) == 0 and picture.area(WHITE) is None)

    picture = wait_picture(screen, filled, "the new mode alone, in the middle")
    left, top, right, bottom = picture.area(MAGENTA, step=1)
    if screen.scale == "none":
        assert (right - left + 1, bottom - top + 1) == (640, 480)
    elif screen.scale == "integer":
        assert (right - left + 1) % 640 == 0 and (bottom - top + 1) % 480 == 0
    else:
        assert bottom - top + 1 == picture.height
    wait_shown(screen, GREEN, 2)
    assert wait_area(screen, GREEN) == small
    assert look(screen).count(MAGENTA) == 0


def test_hotkeys(screen):
    """The question, the dashboard, the second guest, one that is not there, and Ctrl+Alt+Delete."""
    wait_shown(screen, BLUE, 1)
    key(screen, "ctrl", "alt", "esc")
    text = wait_text(screen, r'End guest "one" now, as if its power were cut\?').string
    assert re.search(r"Enter: end it +Escape: go on", text), text
    key(screen, "2")
    key(screen, "esc")
    wait_color(screen, BLUE)
    # Keys typed at the dashboard reach no guest, and keys typed to a guest reach no dashboard.
    key(screen, "ctrl", "alt", "f1")
    text = wait_text(screen, r"Guests: 2 of 2 running").string
    assert "Really" not in text
    key(screen, "2")
    key(screen, "ctrl", "alt", "f3")
    wait_shown(screen, CYAN, 3)
    key(screen, "ctrl", "alt", "f2")
    wait_color(screen, BLUE)
    key(screen, "ctrl", "alt", "f3")
    wait_color(screen, CYAN)
    # There is no third guest; nobody sees F4.
    key(screen, "ctrl", "alt", "f4")
    wait_shown(screen, RED, 4)
    key(screen, "ctrl", "alt", "f2")
    wait_color(screen, BLUE)
    # It resets, and stays on the screen.
    key(screen, "ctrl", "alt", "delete")
    wait_picture(screen, lambda picture: picture.count(BLUE) == 0, "a guest that resets")
    wait_shown(screen, GREEN, 2)
    assert "guest one: stopped" not in screen.console.text and "guest one: crashed" not in screen.console.text


def test_processes_killed(screen):
    """They come back and show what they showed; the guest notices nothing."""
    wait_shown(screen, BLUE, 1)
    start = len(screen.console.text)
    kill_all(screen, "mvirt-screen")
    screen.console.wait(r"hostd: screen: mvirt-screen was killed by signal 9", 30, start=start)
    wait_color(screen, BLUE)
    wait_shown(screen, RED, 4)
    kill_all(screen, "mvirt-dashboard")
    key(screen, "ctrl", "alt", "f1")
    wait_text(screen, r"Guests: 2 of 2 running")
    key(screen, "f1")
    wait_text(screen, r"its serial console; Ctrl-\] returns")
    key(screen, "esc")
    key(screen, "ctrl", "alt", "f2")
    wait_color(screen, RED)
    # hostd itself: the next one gives the screen to no guest until somebody asks.
    start = len(screen.console.text)
    kill_all(screen, "hostd")
    screen.console.wait(r"hostd: host: ready", 60, start=start)
    key(screen, "ctrl", "alt", "f1")
    wait_text(screen, r"Guests: 2 of 2 running")
    key(screen, "ctrl", "alt", "f2")
    wait_color(screen, RED)


def test_crash_and_end(screen):
    """Never a frozen last picture: what happened, in words."""
    wait_shown(screen, BLUE, 1)
    pid = screen.mvirt("info one")["guest"]["pid"]
    assert screen.shell(f"kill -9 {pid}")[0] == 0
    text = wait_text(screen, r'Guest "one": (crashed|failed)').string
    # It is the previous hostd's child.
    assert "QEMU is gone" in text and re.search(r"ctrl-alt-f1: the dashboard", text, re.IGNORECASE), text
    assert look(screen).count(BLUE) == 0
    screen.shell("mvirt start one", 120)
    wait_shown(screen, BLUE, 1)
    key(screen, "ctrl", "alt", "esc")
    wait_text(screen, r'End guest "one" now')
    start = len(screen.console.text)
    key(screen, "ret")
    screen.console.wait(r"hostd: screen: guest one is ended at the machine's keyboard", 60, start=start)
    wait_text(screen, r'Guest "one": stopped')
    assert screen.shell("mvirt start one", 120)[0] == 0
    wait_shown(screen, GREEN, 2)


def fetch(host, path):
    """A file of the machine's, over the shell's line."""
    status, output = host.shell(f"""hexdump -v -e '32/1 "%02x" "\\n"' {path}""", 120)
    assert status == 0, output
    return bytes.fromhex(re.sub(r"\s", "", output))


def test_screenshots(screen):
    """Pictures of the guest's display and of the machine's screen. Without a guest one line says so."""
    wait_shown(screen, BLUE, 1)
    wait_area(screen, BLUE)
    status, output = screen.shell("mvirt screenshot one /tmp/one.png && mvirt screenshot --host /tmp/host.png", 120)
    assert status == 0, output
    picture = read_png(fetch(screen, "/tmp/one.png"))
    assert (picture.width, picture.height) in ((320, 200), (640, 400)) and picture.center() == BLUE
    picture, seen = read_png(fetch(screen, "/tmp/host.png")), look(screen)
    assert (picture.width, picture.height) == (seen.width, seen.height)
    assert picture.area(BLUE) == seen.area(BLUE) and picture.area(WHITE) == seen.area(WHITE)
    status, output = screen.shell("mvirt screenshot nobody /tmp/nobody.png || { ls /tmp; false; }")
    assert status == 1 and "nobody" in output.splitlines()[0] and "nobody.png" not in output, output


def test_process_is_confined(screen):
    """Its own uid, no capability, system calls filtered, nothing but its files."""
    status, output = screen.shell(
        "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = mvirt-screen ] && "
        "{ cat $p/status; ls -l $p/fd; ls $p/root; }; done; true")
    assert status == 0, output
    assert re.search(r"Uid:\s+69998\s+69998\s+69998\s+69998", output), output
    assert re.search(r"CapEff:\s+0+\n", output) and re.search(r"CapBnd:\s+0+\n", output), output
    assert re.search(r"NoNewPrivs:\s+1", output) and re.search(r"Seccomp:\s+2", output), output
    for target in set(re.findall(r"-> (\S+)", output)):
        assert re.match(r"(/dev/(null|fb0|input/event\d+)|socket:|/memfd:)", target), output


def test_panic(screen):
    """The last test of a machine. The guest's picture disappears."""
    wait_shown(screen, BLUE, 1)
    start = len(screen.console.text)
    screen.shell_console.send("echo c >/proc/sysrq-trigger\n")
    screen.console.wait(r"Kernel panic - not syncing: sysrq triggered crash", 60, start=start)
    wait_text(screen, r"Kernel panic - not syncing: sysrq triggered crash", 25)


# --- a whole system as the guest ---


def type_line(host, text):
    for letter in text:
        key(host, {"/": "slash", " ": "spc"}.get(letter, letter))
    key(host, "ret")


def test_linux(machine, tmp_path):
    """It takes the screen's resolution by itself, its console is readable on the machine's screen, its keyboard is on USB,
    and its tablet is where the machine's is."""
    host = machine(stick={"mvirt.conf": ('screen = "desktop"\n' + LINUX).encode(), **make_linux(tmp_path)}, extra=[
        "-vga", "virtio", "-global", "virtio-vga.xres=1024", "-global", "virtio-vga.yres=768",
        "-device", "usb-tablet,bus=xhci.0"])
    host.console.wait(r"hostd: screen: 1024x768, ", 120)
    host.console.wait(r"hostd: guest desktop: running", 120)
    wait_text(host, r"^desktop: Linux [0-9.]+ on 1024x768$(.|\n)*^desktop # ", 180)
    assert look(host).area((170, 170, 170))[:2] < (16, 16)
    type_line(host, "id")
    wait_text(host, r"^uid=0")
    type_line(host, "/p")
    found = wait_text(host, r"^([0-9a-f]{48}\n){6}", again=lambda: [point(host, 8192, 24576), point(host, 8300, 24500)])
    places = {0: set(), 1: set()}
    for line in found.group().split():
        event = bytes.fromhex(line)
        if event[16] == 3:
            places[event[18]].add(int.from_bytes(event[20:24], "little"))
    # a pixel of 1024 is 32 of the tablet's 32768 steps
    assert all(abs(x - 8246) < 150 for x in places[0]) and all(abs(y - 24538) < 150 for y in places[1]), places
    assert places[0] and places[1], places


def test_hal(machine, tmp_path):
    """The unchanged example: the guest owns the screen from the start, and the machine powers off with it."""
    config = (emulator.SOURCE / "examples/hal/mvirt.conf").read_text()
    disk = tmp_path / "hal.img"
    disk.write_bytes(make_sector_disk(tmp_path))
    host = machine(stick={"mvirt.conf": config.encode()}, memory_mib=3072, extra=[
        "-drive", f"if=none,id=hal,format=raw,file={disk}", "-device", "virtio-blk-pci,drive=hal,serial=WD-WX12345"])
    host.console.wait(r"hostd: guest hal: running", 240)
    wait_shown(host, BLUE, 1)
    key(host, "ctrl", "alt", "esc")
    wait_text(host, r"^► hal +running")
    key(host, "ctrl", "alt", "f2")
    wait_shown(host, RED, 4)
    key(host, "p")
    host.console.wait(r"hostd: guest hal: stopped", 60, start=0)
    host.wait_off()
