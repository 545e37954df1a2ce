# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sections 3 to 6 of doc/bitstream.md, literally: the streams in fate/streams must decode to their last byte."""
import os
import unittest

from onedva_train import geometry as geo
from onedva_train import model_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
KNOTS = [11, 18, 30, 49, 81, 133, 219, 360, 589, 961, 1554, 2486, 3906, 5978, 8813, 12371, 16384, 20397, 23955,
         26790, 28862, 30282, 31214, 31807, 32179, 32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757]
SOFT = [1, 2, 4, 6, 10, 17, 28, 45, 74, 122, 199, 323, 520, 825, 1283, 1942, 2839, 3990, 5379, 6969, 8712, 10563,
        12487, 14458, 16458, 18477, 20508, 22545, 24586, 26630, 28676, 30722, 32769]
AROUND = ([(2, d) for d in ((0, 0, 0, -1), (0, 0, -1, 0), (0, -1, 0, 0), (-1, 0, 0, 0))]
          + [(1, d) for d in ((0, 0, 0, -2), (0, 0, -2, 0), (-2, 0, 0, 0), (0, 0, -1, -1), (-1, 0, 0, -1),
                              (-1, 0, -1, 0), (-1, -1, 0, 0), (0, -1, 0, -1), (0, -1, -1, 0), (0, 0, 0, 1),
                              (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0))])


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def number(self, size):
        self.at += size
        return int.from_bytes(self.data[self.at - size:self.at], "little")

    def leb(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def stream_size(header):
    r = Reader(header, 9)
    return r.leb(), r.leb()


def parse(data, at, size):
    """A packet that begins at data[at], or None. size: of pictures, where no header says otherwise."""
    r = Reader(data, at)
    if r.number(1) != 0xD5:
        return None
    packet = {"flags": r.number(1), "tag": r.number(2), "size": size, "motion": None}
    counts, qidx = r.number(1), r.number(1)
    packet.update(frames=(counts >> 4) + 1, qidx=qidx - 256 if qidx > 127 else qidx, layers=[])
    if packet["flags"] >> 4 != 1:
        return None
    packet["dropped"] = r.number(1) if packet["flags"] & 8 else 0
    if packet["flags"] & 1:
        length = r.leb()
        packet["size"] = stream_size(data[r.at:r.at + length])
        packet["model_id"] = data[r.at + 1:r.at + 9]
        r.at += length
    if packet["flags"] & 2:
        for _ in range(packet["frames"]):
            r.leb()
    if packet["flags"] & 4:
        length = r.leb()
        packet["motion"] = data[r.at:r.at + length]
        r.at += length
    sizes = [(r.leb(), r.leb(), r.number(2)) for _ in range((counts & 15) + 1)]
    if crc16(data[at:r.at]) != r.number(2):
        return None
    for end, length, _ in sizes:
        packet["layers"].append((end, data[r.at:r.at + length]))
        r.at += length
    return packet


def packets(data):
    """Packets of a NUT file, whose codec private data lies before the first one."""
    start = data.index(b"\x01" + MODEL_ID)
    size, at = stream_size(data[start:start + 64]), 0
    while True:
        at = data.find(b"\xd5", at)
        if at < 0:
            return
        try:
            packet = parse(data, at, size)
        except IndexError:
            packet = None
        if packet and packet["tag"] == int.from_bytes(MODEL_ID[:2], "little"):
            yield packet
        at += 1


class RangeDecoder:
    def __init__(self, payload):
        self.data, self.at, self.range, self.code = payload, 0, 0xFFFFFFFF, 0
        for _ in range(4):
            self.shift()

    def shift(self):
        byte = self.data[self.at] if self.at < len(self.data) else 0
        self.at += 1
        self.code = (self.code << 8 | byte) & 0xFFFFFFFF

    def renormalise(self):
        while self.range < 1 << 24:
            self.shift()
            self.range <<= 8

    def decode(self, cdf):
        r, s = self.range >> 15, 0
        v = min(self.code // r, 32767)
        while cdf[s + 1] <= v:
            s += 1
        self.code -= r * cdf[s]
        self.range = self.range - r * cdf[s] if s == len(cdf) - 2 else r * (cdf[s + 1] - cdf[s])
        self.renormalise()
        return s

    def bits(self, n):
        if n == 0:
            return 0
        self.range >>= n
        v = min(self.code // self.range, 2 ** n - 1)
        self.code -= v * self.range
        self.renormalise()
        return v


def clip(x, low, high):
    return min(max(x, low), high)


def lg(v):
    o = max(v.bit_length() - 1, 0)
    return 8 * o + ((8 * v >> o) & 7)


def expected(b):
    return (2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756)[b & 7] << ((b >> 3) + 16)


def squash(logit):
    x = clip(logit, -32767, 32767) + 32768
    i, f = x >> 11, x & 2047
    return KNOTS[i] + ((KNOTS[i + 1] - KNOTS[i]) * f >> 11)


def softplus(logit):
    x = clip(logit, -32767, 32767) + 32768
    i, f = x >> 11, x & 2047
    return SOFT[i] + ((SOFT[i + 1] - SOFT[i]) * f >> 11)


class AdaptiveBit:
    """Section 10's."""

    def __init__(self):
        self.zero, self.uses = 16384, 0

    def decode(self, r):
        bit = r.decode((0, self.zero, 32768))
        shift = 2 + (self.uses >= 2) + (self.uses >= 6) + (self.uses >= 14)
        self.zero += -(self.zero >> shift) if bit else (32768 - self.zero) >> shift
        self.uses = min(self.uses + 1, 14)
        return bit


class Tile:
    """A tile's shape and what was decoded of it."""

    def __init__(self, tables, k, nt, ny, nx):
        self.scan = geo.Scan(tables["scan.order"], tables["scan.scale"], tables["scan.size_shift"], k, nt, ny, nx)
        self.b = self.scan.b.tolist()
        self.place = []
        for o in self.scan.order.tolist():
            self.place.append((o // (nt * ny * nx), o // (ny * nx) % nt, o // nx % ny, o % nx))
        self.full = [(k, 4 * t // nt, 8 * y // ny, 8 * x // nx) for k, t, y, x in self.place]
        self.at_full = {f: i for i, f in enumerate(self.full)}
        self.tokens, self.levels, self.m = 0, [], []   # of this pass, m at most 15
        self.known = []                                # levels of the passes before, doubled

    def add(self, level):
        self.levels.append(level)
        self.m.append(min(level, 15))

    def start_pass(self):
        self.known = [2 * v for v in self.levels + self.known[len(self.levels):]]
        self.tokens, self.levels, self.m = 0, [], []

    def smoothed(self, j):
        return sum((3 if i == j else 1) * self.m[i] for i in range(max(j - 3, 0), min(j + 4, len(self.m))))


class Contexts:
    """Levels of a tile's coefficients, one after the other."""

    def __init__(self, tile, qidx, beside):
        self.tile, self.qidx, self.beside = tile, qidx, beside
        self.means, self.sums = {}, {}
        self.done = 0
        for m in tile.m:
            self.add(m)

    def groups(self, i):
        k, t, y, x = self.tile.full[i]
        fine = x + y
        zone = 8 * (t > 0) + 4 * (x > y) + (3 if fine > 5 else 2 if fine > 2 else 1 if fine > 0 else 0)
        return ("all",), ("time", t), ("basis", k), ("zone", zone)

    def add(self, m):
        i = self.done
        e = expected(self.tile.b[i])
        for group in self.groups(i):
            mean, x = self.means.get(group, (0, 0))
            self.means[group] = mean - (mean >> 4) + (m << 8), x - (x >> 4) + (e << 8)
        self.sums[self.tile.place[i]] = m, e
        self.done += 1

    def level(self, v, x):
        return clip(((lg(v) - x + self.qidx) * 5 >> 4) + 14, 1, 23)

    def rows(self):
        i, levels = self.done, []
        for group in self.groups(i):
            mean, x = self.means.get(group, (0, 0))
            levels.append(self.level(mean + 16, lg(x) - 216) if x else 0)
        m = x = 0
        for weight, distance in AROUND:
            near = self.sums.get(tuple(a + b for a, b in zip(self.tile.place[i], distance)), (0, 0))
            m, x = m + weight * near[0], x + weight * near[1]
        levels.append(self.level(16 * m + 1, lg(x) - 184) if x else 0)
        for other in self.beside:
            j = other.at_full.get(self.tile.full[i], 1 << 30) if other else 1 << 30
            levels.append(self.level(16 * other.smoothed(j) + 1, lg(9 * expected(self.tile.b[i])) - 184)
                          if other and j < len(other.m) else 0)
        b = self.tile.b[i] - self.qidx + 40
        self.scale_class = clip(b >> 2, 0, 31)
        return [clip(b >> 1, 0, 63)] + [64 + (32 * r + self.scale_class) * 24 + v for r, v in enumerate(levels)]


class Decoder:
    def __init__(self, tables, config, packet):
        self.tables, self.packet = tables, packet
        width, height = packet["size"]
        if packet["motion"]:
            left, top, right, bottom = packet["motion"][:4]
            width, height = width + 2 * (left + right), height + 2 * (top + bottom)
        gt, gy, gx = -(-packet["frames"] // 4), -(-height // 16), -(-width // 16)
        ends = [end for end, _ in packet["layers"]]
        self.qidx = packet["qidx"] + 8 * sum(b <= a for a, b in zip(ends, ends[1:]))
        places = geo.tiles(gy, gx)
        self.columns = -(-gx // 8)
        self.tiles = [Tile(tables, config["basis"], gt, y1 - y0, x1 - x0) for y0, y1, x0, x1 in places]

    def layer(self, end, payload):
        """Decode a layer. Returns how many bytes of the payload were needed."""
        r, previous = RangeDecoder(payload), 0
        self.refinement = [AdaptiveBit() for _ in range(3)]
        self.weight = self.tables["symbol.weight"].astype(int).tolist()
        for index, tile in enumerate(self.tiles):
            room = min(end, tile.scan.tokens) - tile.tokens
            if room <= 0:
                continue
            previous = r.decode(self.tables["length.cdf"][previous].tolist())
            length = 2 ** (previous - 1) + r.bits(previous - 1) if previous else 0
            tile.tokens += min(length, room)
            beside = (self.tiles[index - 1] if index % self.columns else None,
                      self.tiles[index - self.columns] if index >= self.columns else None)
            contexts = Contexts(tile, self.qidx, beside)
            while len(tile.levels) < min(32 * tile.tokens, tile.scan.count):
                i, rows = len(tile.levels), contexts.rows()
                tile.add(self.refine(r, rows, tile.known[i]) if i < len(tile.known) else
                         self.symbol(r, contexts, rows))
                contexts.add(tile.m[-1])
        return r.at

    def start_pass(self):
        self.qidx -= 8
        for tile in self.tiles:
            tile.start_pass()

    def refine(self, r, rows, known):
        if known:
            return known + self.refinement[min(known // 2, 3) - 1].decode(r)
        logit = sum(self.weight[row][0] for row in rows) - softplus(sum(self.weight[row][1] for row in rows))
        p = squash(logit)
        bit = r.decode((0, 32768 - p, 32768))
        change = ((bit << 15) - p + 512) >> 10
        for row in rows:
            self.weight[row][0] = clip(self.weight[row][0] + change, -32767, 32767)
        if bit:
            r.bits(1)
        return bit

    def symbol(self, r, contexts, rows):
        s = 0
        for d in range(3):
            logit = sum(self.weight[row][d] for row in rows)
            p = squash(logit)
            bit = r.decode((0, 32768 - p, 32768))
            change = ((bit << 15) - p + 512) >> 10
            for row in rows:
                self.weight[row][d] = clip(self.weight[row][d] + change, -32767, 32767)
            if not bit:
                break
            s += 1
        if s == 3:
            s += r.decode(self.tables["large.cdf"][clip((logit >> 11) + 8, 0, 31)].tolist())
        if s == 15:
            e, n = clip((contexts.scale_class - 12) >> 1, 0, 8), 0
            while n < 15 - e and r.bits(1) == 1:
                n += 1
            s += ((2 ** n - 1) << e) + r.bits(n + e)
        if s > 0:
            r.bits(1)
        return s


CONFIG, TABLES = model_file.read(os.path.join(ROOT, "fate", "model", "onedva-test.safetensors"))


def model_id():
    """The id in the streams' headers: that of a packet with a header."""
    with open(os.path.join(ROOT, "fate", "streams", "headers.nut"), "rb") as f:
        data = f.read()
    at = -1
    while True:
        at = data.index(b"\xd5", at + 1)
        try:
            packet = parse(data, at, None)
        except IndexError:
            continue
        if packet and packet["flags"] & 1:
            return packet["model_id"]


MODEL_ID = model_id()


class Packets(unittest.TestCase):
    def test_every_payload_is_needed_to_its_last_byte(self):
        seen = layers = passes = symbols = 0
        for name in ("passes", "cut", "mesh", "margins", "201x133", "finest", "coarsest", "300x6", "1x1", "headers"):
            with open(os.path.join(ROOT, "fate", "streams", name + ".nut"), "rb") as f:
                data = f.read()
            for packet in packets(data):
                decoder, start = Decoder(TABLES, CONFIG, packet), 0
                for end, payload in packet["layers"]:
                    if end <= start:
                        decoder.start_pass()
                        passes, start = passes + 1, 0
                    needed = decoder.layer(end, payload)
                    # the decoder is up to four bytes ahead; zeros at the end are not written
                    self.assertLessEqual(len(payload), needed, name)
                    self.assertLessEqual(needed, len(payload) + 5, name)
                    start, layers = end, layers + 1
                seen += 1
                symbols += sum(len(t.levels) for t in decoder.tiles)
                self.assertEqual(decoder.qidx, packet["qidx"])
        self.assertGreater(seen, 10)
        self.assertGreater(layers, seen)
        self.assertGreater(passes, 5)
        self.assertGreater(symbols, 10000)


if __name__ == "__main__":
    unittest.main()
