# SPDX-License-Identifier: GPL-2.0-or-later
"""Screendumps and their content: areas of a colour, and text, which is compared with the pictures of
the characters that the kernel's console has (its fonts are read from the kernel's source)."""

import functools
import re
import struct
import time
import zlib

import emulator

FONTS = emulator.BUILD / "src/linux/lib/fonts"
# The fonts that are built in: kernel.config. Width, height in pixels.
FONT_FILES = {"font_8x16.c": (8, 16), "font_ter16x32.c": (16, 32)}
# Code page 437, whose lower part Python takes for control characters.
CHARACTERS = (" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" + bytes(range(32, 127)).decode() + "⌂"
              + bytes(range(128, 256)).decode("cp437"))
UNKNOWN = "\ufffd"
PATIENCE_S = 60


class Font:
    """Finds the character in a cell of two colours."""

    def __init__(self, path, width, height):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        data = bytes(int(byte, 16) for byte in re.findall(r"\b0x([0-9a-fA-F]{2})\b", text))
        size = width // 8 * height
        assert len(data) == 256 * size, f"{path} has {len(data)} bytes, {256 * size} are a font"
        self.width, self.height = width, height
        self._rows = {}
        self._found = {}
        whole = (1 << width) - 1
        # Of characters that look the same, take the one that can be typed.
        for code in [*range(128, 256), *range(32), 127, *range(126, 31, -1)]:
            glyph = data[code * size:(code + 1) * size]
            rows = tuple(int.from_bytes(glyph[at:at + width // 8]) for at in range(0, size, width // 8))
            self._found[rows] = CHARACTERS[code]
            self._found.setdefault(tuple(row ^ whole for row in rows), CHARACTERS[code])
        self._found[(0,) * height] = self._found[(whole,) * height] = " "

    def _row(self, pixels, background):
        """(bits that are not the background's, the other colours)"""
        key = pixels, background
        if key not in self._rows:
            bits, others = 0, set()
            for at in range(0, len(pixels), 3):
                color = pixels[at:at + 3]
                bits = bits << 1 | (color != background)
                others |= {color} - {background}
            self._rows[key] = bits, others
        return self._rows[key]

    def read(self, rows):
        """The character of a cell, from its rows of pixels."""
        background = rows[0][:3]
        found = [self._row(row, background) for row in rows]
        if len(set().union(*(others for _, others in found))) > 1:
            return UNKNOWN
        return self._found.get(tuple(bits for bits, _ in found), UNKNOWN)


@functools.cache
def fonts():
    assert FONTS.is_dir(), f"the kernel's source is not at {FONTS}: make kernel"
    return [Font(FONTS / name, *size) for name, size in FONT_FILES.items()]


class Picture:
    """A screen's picture: three bytes a pixel."""

    def __init__(self, width, height, pixels):
        self.width, self.height, self._pixels = width, height, bytes(pixels)
        assert len(pixels) == 3 * width * height, (width, height, len(pixels))

    def __getitem__(self, place):
        at = 3 * (place[1] * self.width + place[0])
        return tuple(self._pixels[at:at + 3])

    def center(self):
        return self[self.width // 2, self.height // 2]

    def count(self, color):
        """Counts pixels of this colour, of every seventh in both directions."""
        return sum(self[x, y] == color for y in range(0, self.height, 7) for x in range(0, self.width, 7))

    def area(self, color, step=2):
        """(left, top, right, bottom) of the pixels that have it, both ends within; None: there is none."""
        wanted = bytes(color)
        left, right, rows = self.width, -1, []
        for y in range(0, self.height, step):
            row = self._pixels[3 * y * self.width:3 * (y + 1) * self.width]
            at = [x for x in range(0, self.width, step) if row[3 * x:3 * x + 3] == wanted]
            if at:
                left, right = min(left, at[0]), max(right, at[-1])
                rows.append(y)
        return (left, rows[0], right, rows[-1]) if rows else None

    def _cells(self, font):
        wide = 3 * font.width
        for top in range(0, self.height - font.height + 1, font.height):
            lines = [self._pixels[3 * y * self.width:3 * (y + 1) * self.width]
                     for y in range(top, top + font.height)]
            yield "".join(font.read([line[at:at + wide] for line in lines])
                          for at in range(0, len(lines[0]) - wide + 1, wide))

    def lines(self):
        """The text on it, in the font that matches more cells."""
        read = [[line.rstrip() for line in self._cells(font)] for font in fonts()]
        return max(read, key=lambda lines: sum(len(re.findall(r"[^\s\ufffd]", line)) * 1.0 for line in lines)
                   - 2 * sum(line.count(UNKNOWN) for line in lines))

    def text(self):
        return "\n".join(self.lines())


def read_ppm(data):
    """A screendump of the emulator."""
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    return Picture(int(head.group(1)), int(head.group(2)), data[head.end():])


def read_png(data):
    """One as `mvirt screenshot` writes them: 8 bits of RGB, each row the difference to the one above."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    at, head, packed = 8, None, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        content, (checksum,) = data[at + 8:at + 8 + size], struct.unpack(">I", data[at + 8 + size:at + 12 + size])
        assert checksum == zlib.crc32(kind + content), kind
        head, packed = (content if kind == b"IHDR" else head), packed + (content if kind == b"IDAT" else b"")
        at += 12 + size
    width, height, *form = struct.unpack(">IIBBBBB", head)
    assert form == [8, 2, 0, 0, 0], form
    rows, above, pixels = zlib.decompress(packed), bytes(3 * width), bytearray()
    for at in range(0, len(rows), 3 * width + 1):
        assert rows[at] == 2, rows[at]
        line = rows[at + 1:at + 1 + 3 * width]
        if any(line):
            above = bytes((a + b) & 255 for a, b in zip(line, above))
        pixels += above
    return Picture(width, height, pixels)


def look(host):
    path = host.folder / "screen.ppm"
    host.screenshot(path)
    return read_ppm(path.read_bytes())


def wait_picture(host, judge, what, timeout=PATIENCE_S, again=None):
    """Takes pictures until judge(picture); calls again() in between."""
    deadline = time.monotonic() + timeout
    while True:
        picture = look(host)
        if judge(picture):
            return picture
        if time.monotonic() > deadline:
            host.screenshot(host.folder / "wrong.png")
            raise AssertionError(f"the screen does not show {what}: {host.folder}/wrong.png\n{picture.text()}\n"
                                 + host.console.text[-2000:])
        if again:
            again()
        time.sleep(0.3)


def wait_text(host, pattern, timeout=PATIENCE_S, again=None):
    """Takes pictures until the text matches the pattern; returns the match."""
    found = []

    def judge(picture):
        found[:] = [re.search(pattern, picture.text(), re.MULTILINE)]
        return found[0]

    wait_picture(host, judge, repr(pattern), timeout, again)
    return found[0]


def wait_color(host, color, keys=None, timeout=PATIENCE_S):
    """Takes pictures until it is in the middle; presses the keys until then."""
    return wait_picture(host, lambda picture: picture.center() == color, f"{color} in the middle", timeout,
                        (lambda: key(host, *keys)) if keys else None)


def wait_area(host, color):
    """The area that has the color, once two pictures agree: a guest needs time to fill a screen."""
    before = None
    deadline = time.monotonic() + PATIENCE_S
    while True:
        area = look(host).area(color, step=1)
        if area and area == before:
            return area
        assert time.monotonic() < deadline, f"{color} does not come to rest: {area}"
        before = area
        time.sleep(0.5)


def key(host, *names):
    """Keys at once, on the machine's keyboard."""
    host.qmp("send-key", keys=[{"type": "qcode", "data": name} for name in names])


def move(host, x, y):
    """The machine's mouse."""
    host.qmp("input-send-event", events=[{"type": "rel", "data": {"axis": axis, "value": value}}
                                         for axis, value in (("x", x), ("y", y)) if value])


def point(host, x, y):
    """The machine's tablet: 0 to 32767 in both directions."""
    host.qmp("input-send-event", events=[{"type": "abs", "data": {"axis": axis, "value": value}}
                                         for axis, value in (("x", x), ("y", y))])


def button(host, name, down):
    host.qmp("input-send-event", events=[{"type": "btn", "data": {"down": down, "button": name}}])
