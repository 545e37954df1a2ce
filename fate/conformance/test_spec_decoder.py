# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of tools/spec_decoder.py for themselves: its tables against longer numbers, its integers against their limits.

ONEDVA_MODEL   model file [fate/model/onedva-test.safetensors]"""
import copy
import itertools
import math
import os
import random
import sys
import types
import unittest
from decimal import Decimal, getcontext

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import spec_decoder
from random_coder import RandomCoder
from spec_decoder import Seen

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
HEADER = spec_decoder.StreamHeader(0, 21, 13, 0, 2, 2, 2, 0, (0, 1), (1, 25), 1)
MODEL = spec_decoder.Model(os.environ.get("ONEDVA_MODEL", os.path.join(ROOT, "fate", "model", "onedva-test.safetensors")))


def cosine(numerator, denominator):
    """cos(pi numerator / denominator), to 50 digits"""
    x = PI * (numerator % (2 * denominator)) / denominator
    total = term = Decimal(1)
    for n in range(1, 120, 2):
        term *= -x * x / (n * (n + 1))
        total += term
    return total


def dct_factor(n, f, i):
    return (Decimal(2 if f else 1) / n).sqrt() * cosine((2 * i + 1) * f, 2 * n)


class Tables(unittest.TestCase):
    def assert_rounded(self, table, exact):
        """To the nearest integers, of which none is so near to a half that doubles could be wrong about it."""
        for found, number in zip(table, exact):
            self.assertLess(abs(found - number), Decimal("0.499999"))

    def test_inverse_dct(self):
        for n in range(1, 9):
            places = list(itertools.product(range(n), range(n)))
            table = spec_decoder.inverse_dct(n)
            self.assert_rounded([int(table[place]) for place in places], [65536 * dct_factor(n, *place) for place in places])

    def test_time(self):
        for b, f in itertools.product(range(4), range(4)):
            self.assert_rounded([int(spec_decoder.TIME[b, f])], [4096 * dct_factor(4, b, f)])

    def test_paths(self):
        """A motion of no points reads nothing; its basis is of the clip's length, with the picture before an inter clip."""
        for T in range(2, 18):
            motion = spec_decoder.Motion(bytes(8), HEADER, T - 1, Seen(), RandomCoder(random.Random(0), 0), is_inter=True)
            for k, t in itertools.product(range(1, min(T - 1, 15)), range(T)):
                self.assert_rounded([motion._basis(k, t)], [4096 * cosine((2 * t + 1) * (k + 1), 2 * T)])

    def test_eighths_of_powers_of_two(self):
        for one, table in (32768, spec_decoder.STEP), (2048, spec_decoder.EXPECTED):
            for i, v in enumerate(table):
                self.assertTrue((2 * v - 1) ** 8 < (2 * one) ** 8 << i < (2 * v + 1) ** 8)


class Dequantisation(unittest.TestCase):
    @staticmethod
    def dequantise(*arguments):
        return spec_decoder.dequantise(*arguments, Seen())

    def test_is_the_formula_of_real_numbers(self):
        for qidx, q, delta, n in itertools.product(range(-64, 72), (1, 2, 3, 17, 1000), (0, 1, 77, 255), range(5)):
            real = (q - delta / 256 + 3 / 8 * (1 - 2.0 ** -n)) * 2.0 ** (qidx / 8) * 127.5 * 32
            y = self.dequantise(q, delta, qidx, n)
            if real < 2 ** 23 - 1000:
                rounding = 0.5 + (96 / 256 * 2.0 ** -n % (1 / 256)) * 2.0 ** (qidx / 8) * 4080
                self.assertLessEqual(abs(y - real), rounding + real * 2e-5)
            self.assertEqual(self.dequantise(-q, delta, qidx, n), -y)

    def test_limit(self):
        self.assertEqual(self.dequantise(2 ** 20 - 1, 0, 63, 4), 2 ** 23 - 1)
        self.assertEqual(self.dequantise(1 - 2 ** 20, 0, 63, 4), 1 - 2 ** 23)
        self.assertEqual(self.dequantise(2 ** 20 - 1, 0, -64, 0), 2 ** 23 - 1)
        self.assertEqual(self.dequantise(2 ** 18, 0, -64, 0), 255 << 14)
        self.assertEqual(self.dequantise(1, 255, -64, 0), 0)

    def test_levels_that_this_refinement_has_not_decoded(self):
        tile = spec_decoder.Tile(0, 0, 0, MODEL.scan(0, 0, (1, 1, 1)))
        q = [6, -6, 2, -2, 0, 0]
        tile.q[:6], tile.coded = q, [True, True, False, False, False, True] + [False] * (len(tile.q) - 6)
        found = spec_decoder.dequantised(MODEL, tile, 0, 1, Seen())
        for i, (level, qidx, finer) in enumerate(((6, 0, 1), (-6, 0, 1), (1, 8, 2), (-1, 8, 2))):
            symbol_class = min(max((tile.scan.scale[i] - qidx + 40) >> 2, 0), 31)
            delta = MODEL.delta[symbol_class][min(abs(level), 3) - 1]
            self.assertEqual(found[i], self.dequantise(level, delta, qidx, finer))
        self.assertEqual(found[4:], [0] * (len(tile.q) - 4))


class Reconstruction(unittest.TestCase):
    def test_transform_is_orthonormal_and_rounds_to_the_nearest(self):
        rng = np.random.default_rng(3)
        for n in range(1, 9):
            numbers = rng.integers(-2 ** 23, 2 ** 23, (50, n))
            exact = np.array([[float(dct_factor(n, f, i)) for i in range(n)] for f in range(n)])
            found = spec_decoder.transformed(numbers, 1)
            np.testing.assert_allclose(found, numbers @ exact, rtol=0, atol=0.5 + n * 2 ** 23 / 2 ** 17)

    def test_a_coefficient_is_a_pattern_of_its_frequencies(self):
        scan = MODEL.scan(1, 2, (3, 4, 2))
        for k, ft, fy, fx in ((0, 0, 0, 0), (3, 2, 1, 1), (20, 1, 3, 0)):
            tile = spec_decoder.Tile(0, 0, 2, scan)
            values = [0] * len(tile.q)
            values[scan.index[k, ft, fy, fx]] = 80000
            c = spec_decoder.tile_patches(tile, values, Seen())
            for t, y, x in itertools.product(range(3), range(4), range(2)):
                expected = 10000 * dct_factor(3, ft, t) * dct_factor(4, fy, y) * dct_factor(2, fx, x)
                self.assertLess(abs(int(c[t, y, x, k]) - expected), 1)
            self.assertFalse(np.delete(c, k, 3).any())

    def test_clip_of_patches(self):
        tile = spec_decoder.Tile(0, 0, 0, MODEL.scan(0, 0, (1, 1, 1)))
        limits = (2 ** 23 - 1, 32767), (1 - 2 ** 23, -32768), (8 * 32767 + 3, 32767), (-8 * 32768 - 4, -32768)
        for value, c in (*limits, (-13, -2), (-12, -1)):
            values = [value] + [0] * (len(tile.q) - 1)
            self.assertEqual(int(spec_decoder.tile_patches(tile, values, Seen())[0, 0, 0, tile.scan.coefficients[0][0]]), c)

    def test_sums_are_those_of_32_bits(self):
        """numpy's own integers of 32 bits wrap around; a basis of the largest numbers makes those of h wrap, too."""
        rng, seen = np.random.default_rng(4), Seen()
        extreme = copy.copy(MODEL)
        extreme.basis = rng.choice([-32767, 32767], MODEL.basis.shape)
        for model, detail, limit in itertools.product((MODEL, extreme), range(4), (3000, 32767)):
            c = rng.choice([-limit - 1, limit], (20, len(model.vectors(detail))))
            mean = rng.integers(0, 256, (20, 384)) * 8 if limit == 3000 else np.broadcast_to(model.mean, (20, 384))
            total, first = (mean[:, None] << 17).astype(np.int32) + np.int32(2 ** 19), 0
            for band, n in enumerate(model.bands[detail]):
                h = c[:, first:first + n].astype(np.int32) @ model.basis[:n].astype(np.int32) + np.int32(128) >> 8
                total = total + spec_decoder.TIME[band].astype(np.int32)[None, :, None] * h[:, None]
                first += n
            self.assertEqual(total.dtype, np.int32)
            np.testing.assert_array_equal(spec_decoder.patch_samples(model, detail, c, seen, mean), np.clip(total >> 20, 0, 255))
        self.assertEqual(set(seen["sample.wraps"]), {False, True})

    def test_no_coefficients_are_the_mean(self):
        samples = spec_decoder.patch_samples(MODEL, 0, np.zeros((1, len(MODEL.vectors(0))), np.int64), Seen(), MODEL.mean)
        for frame in range(4):
            np.testing.assert_array_equal(samples[0, frame], [min((int(mean) + 4) // 8, 255) for mean in MODEL.mean])
        wide = spec_decoder.patch_samples(MODEL, 0, np.zeros((1, len(MODEL.vectors(0))), np.int64), Seen(), MODEL.mean, 10)
        np.testing.assert_array_equal(wide[0, 2], [min((int(mean) + 1) // 2, 1023) for mean in MODEL.mean])

    def test_wrapping(self):
        found = spec_decoder.wrapped(np.array([0, 2 ** 31 - 1, 2 ** 31, -2 ** 31 - 1, 2 ** 33 + 5]))
        np.testing.assert_array_equal(found, [0, 2 ** 31 - 1, -2 ** 31, 2 ** 31 - 1, 5])


class Deblocking(unittest.TestCase):
    def test_is_done_line_by_line_across_borders_of_which_a_side_does_not_stay(self):
        rng, seen = np.random.default_rng(6), Seen()
        for width, height in itertools.product((1, 16, 19, 20, 39, 40, 70), repeat=2):
            stays = rng.random((-(-height // 16), -(-width // 16))) < 0.7
            sizes = [(-(-height // e), -(-width // e)) for e in (1, 2, 2)]
            planes = [np.cumsum(rng.integers(-9, 10, (2, *size)), 2) % 256 for size in sizes]
            expected = [plane.copy() for plane in planes]
            spec_decoder.deblock(planes, 10, stays, seen)
            for plane, found, spacing in zip(expected, planes, (16, 8, 8)):
                self.by_line(plane, stays, spacing)
                self.by_line(plane.transpose(0, 2, 1), stays.T, spacing)
                np.testing.assert_array_equal(found, plane)
        self.assertEqual(set(seen["border.sides that stay"]), {0, 1, 2})

    @staticmethod
    def by_line(samples, stays, spacing):
        for y, x in itertools.product(range(samples.shape[1]), range(spacing, samples.shape[2] - 3, spacing)):
            if not (stays[y // spacing, x // spacing] and stays[y // spacing, (x - 1) // spacing]):
                spec_decoder._deblock_border(samples[:, y:y + 1], x, 20)      # T of qidx 10

    def test_nothing_changes_where_all_stay(self):
        plane = np.random.default_rng(5).integers(0, 256, (3, 50, 40))
        planes = [plane.copy(), plane[:, ::2, ::2].copy(), plane[:, 1::2, 1::2].copy()]
        spec_decoder.deblock(planes, 63, np.ones((4, 3), bool), Seen())
        for found, expected in zip(planes, (plane, plane[:, ::2, ::2], plane[:, 1::2, 1::2])):
            np.testing.assert_array_equal(found, expected)


class Smoothing(unittest.TestCase):
    def test_is_done_sample_by_sample_where_tokens_do_not_stay(self):
        rng, seen = np.random.default_rng(8), Seen()
        for width, height, (qidx, smoothing, most) in itertools.product(
                (1, 2, 5, 17, 40), (1, 3, 16, 35), ((-60, 2, 0), (10, 0, 0), (10, 2, 24), (-5, 7, 42), (63, 1, 63))):
            stays = rng.random((-(-height // 16), -(-width // 16))) < 0.5
            sizes = [(-(-height // e), -(-width // e)) for e in (1, 2, 2)]
            planes = [np.cumsum(rng.integers(-9, 10, (2, *size)), 2) % 256 for size in sizes]
            expected = [self.smoothed(plane, stays, side, most) for plane, side in zip(planes, (16, 8, 8))]
            spec_decoder.smooth(planes, qidx, smoothing, stays, seen)
            for found, plane in zip(planes, expected):
                np.testing.assert_array_equal(found, plane)
        self.assertEqual(set(seen["sample.is smoothed"]), {False, True})

    @staticmethod
    def smoothed(plane, stays, side, most):
        result = plane.copy()
        height, width = plane.shape[1:]
        for t, y, x in np.ndindex(plane.shape):
            s, total = int(plane[t, y, x]), 0
            for w, n in ((14, 1), (11, 2)):
                for v, u in ((y, x - n), (y, x + n), (y - n, x), (y + n, x)):
                    d = int(plane[t, min(max(v, 0), height - 1), min(max(u, 0), width - 1)]) - s
                    size = max(0, min(abs(d), most - abs(d)))
                    total += w * (size if d > 0 else -size)
            if not stays[y // side, x // side]:
                result[t, y, x] = s + ((total + 64) >> 7)
        return result

    def test_results_are_samples(self):
        rng = np.random.default_rng(9)
        planes = [rng.choice([0, 1, 2, 3, 252, 253, 254, 255], (4, size, size)) for size in (64, 32, 32)]
        spec_decoder.smooth(planes, 63, 7, np.zeros((4, 4), bool), Seen())
        for plane in planes:
            self.assertTrue(plane.min() >= 0 and plane.max() <= 255)


class Prediction(unittest.TestCase):
    @staticmethod
    def picture(seed=7):
        rng = np.random.default_rng(seed)
        return [rng.integers(0, 256, shape) for shape in ((13, 21), (7, 11), (7, 11))]

    def test_patches_are_samples_of_the_picture_and_of_its_edge(self):
        picture = self.picture()
        patches = spec_decoder.patches_of_picture(picture, 2, 3)
        self.assertEqual(patches.shape, (2, 3, 384))
        for plane, (first, side, _) in zip(picture, spec_decoder.PLANES):
            for gy, gx, y, x in itertools.product(range(2), range(3), range(side), range(side)):
                expected = plane[min(side * gy + y, len(plane) - 1), min(side * gx + x, len(plane[0]) - 1)]
                self.assertEqual(patches[gy, gx, first + side * y + x], expected)

    def test_canvas_of_a_clip_that_rests_on_the_picture_is_it_with_its_edge_around(self):
        picture, margins = self.picture(), (1, 3, 2, 5)
        motion = spec_decoder.Motion(bytes([*margins, 0, 0, 0, 0]), HEADER, 1, Seen(), is_inter=True)
        left, top, right, bottom = margins
        for plane, canvas, unit in zip(picture, motion.prediction_canvas(picture), (2, 1, 1)):
            expected = np.pad(plane, ((unit * top, unit * bottom), (unit * left, unit * right)), "edge")
            np.testing.assert_array_equal(canvas, expected)

    def test_predicted_tiles_without_coefficients_are_the_prediction(self):
        """And what is not predicted is the mean, in the same clip."""
        bits = {(8, 0, 0): (1, None), (4, 0, 0): (0, 1), (4, 0, 4): (0, 0)}     # whether it is split, whether predicted
        grid = spec_decoder.Grid(MODEL, 0, 5, 128, 60, is_inter=True)
        partition = spec_decoder.PartitionDecoder(grid, None, Seen())
        partition._is_split = lambda *node: bits[node][0]
        partition._is_predicted = lambda *node: bool(bits[node][1])
        partition.decode()
        self.assertEqual([(tile.y, tile.x, tile.size, tile.is_predicted) for tile in grid.tiles],
                         [(0, 0, 2, True), (0, 4, 2, False)])
        rng = np.random.default_rng(8)
        for depth in 8, 10:
            clip_ = types.SimpleNamespace(grid=grid, tiles=grid.tiles, frames=5, width=128, height=60, depth=depth,
                                          packet=types.SimpleNamespace(seen=Seen()))
            picture = [rng.integers(0, 2 ** depth, shape) for shape in ((60, 128), (30, 64), (30, 64))]
            planes = spec_decoder.linear_planes(MODEL, clip_, [[0] * len(tile.q) for tile in grid.tiles], picture)
            for plane, reference, (first, side, _) in zip(planes, picture, spec_decoder.PLANES):
                np.testing.assert_array_equal(plane[:, :, :4 * side], np.repeat(reference[None, :, :4 * side], 5, 0))
                mean = MODEL.mean[first:first + side * side].reshape(side, side)
                np.testing.assert_array_equal(plane[3, :side, 4 * side:5 * side], mean + 4 >> 3 if depth == 8 else mean + 1 >> 1)

    def test_a_translation_is_taken_back(self):
        """Of whole samples: what the prediction shows through the field of the picture before is that picture."""
        fields = bytes([9, 9, 9, 9, 0x21, 0, 0, 0])                 # rests on the clip's second frame
        rng = random.Random(11)
        for terms in itertools.product((-64, 0, 64), (-128, 64)):   # of 1/64 sample; t = 0 is half as far from t = 2
            motion = spec_decoder.Motion(fields, HEADER, 4, Seen(), RandomCoder(rng, 0), is_inter=True)
            motion.point_paths = [[[terms[0]], [terms[1]]]]
            motion.node_paths = [[[[0], [0]]] * motion.columns] * motion.rows
            (x, y), *_ = motion._nodes_of_frame(0)[0]
            self.assertEqual((x % 32, y % 32), (0, 0))
            picture = [np.random.default_rng(9).integers(0, 256, shape) for shape in ((13, 21), (7, 11), (7, 11))]
            for plane, canvas, e in zip(picture, motion.prediction_canvas(picture), (1, 2, 2)):
                N = np.full((motion.rows, motion.columns, 2), (x, y))
                back = spec_decoder.warped(canvas, N, motion.S, e, plane.shape[1], plane.shape[0], (18 // e, 18 // e))
                np.testing.assert_array_equal(back, plane)

    def test_field_of_the_canvas_is_the_inverse_of_the_pictures(self):
        """At its nodes, where the picture's field is smooth: p - d + N(p - d) = p"""
        rng = np.random.default_rng(12)
        header = HEADER._replace(width=200, height=150)
        motion = spec_decoder.Motion(bytes([20, 20, 20, 20, 0x20, 0, 0x20, 0]), header, 4, Seen(), RandomCoder(random.Random(1), 0), is_inter=True)
        N = np.cumsum(np.cumsum(rng.integers(-30, 31, (motion.rows, motion.columns, 2)), 0), 1)
        motion._nodes_of_frame = lambda t: N
        n = motion.canvas_nodes()
        for j, i in itertools.product(range(len(n)), range(len(n[0]))):
            place = 16 * np.array([i, j]) - 40 + n[j, i] / 16       # in the picture
            x, y = (min(max(at, 0), motion.S * count - 1e-9) / motion.S for at, count in zip(place, (motion.columns - 1, motion.rows - 1)))
            a, b, fx, fy = int(x), int(y), x % 1, y % 1
            d = ((1 - fy) * ((1 - fx) * N[b, a] + fx * N[b, a + 1]) + fy * ((1 - fx) * N[b + 1, a] + fx * N[b + 1, a + 1]))
            np.testing.assert_allclose(d, -n[j, i], atol=2)

    def test_paths_lead_from_the_picture_before(self):
        """It rests where r is 0; without a term that is not 0 so do all frames."""
        fields = bytes([0, 0, 0, 0, 1, 0, 0, 0])                    # a point of one term, of the finest step
        for frames in (1, 3, 16):
            motion = spec_decoder.Motion(fields, HEADER, frames, Seen(), RandomCoder(random.Random(5), 1, 1), is_inter=True)
            self.assertEqual(len(motion.nodes), frames)
            self.assertFalse(np.any(motion._nodes_of_frame(0)))
            self.assertTrue(np.any(motion._nodes_of_frame(frames)))
            np.testing.assert_array_equal(motion.nodes[-1], motion._nodes_of_frame(frames))


class Scans(unittest.TestCase):
    SHAPES = [(size, (nt, ny, nx)) for size in range(4) for nt in (3, 4)
              for ny in sorted({1, 3 * 2 ** size // 4 or 1, 2 ** size}) for nx in sorted({1, 2 ** size})]

    def test_every_coefficient_has_a_place_of_its_own(self):
        for detail, (size, shape) in itertools.product((0, 3), self.SHAPES):
            scan = MODEL.scan(detail, size, shape)
            places = dict(scan._places(MODEL, size))
            self.assertEqual(len(set(places.values())), len(places))
            self.assertEqual(len(places), len(MODEL.vectors(detail)) * math.prod(shape))
            self.assertEqual(len(scan.coefficients), len(places))
            self.assertTrue(all(0 <= place < len(MODEL.scan_key[size]) for place in places.values()))

    def test_a_detail_is_what_those_above_have_in_the_same_order(self):
        for size, shape in self.SHAPES:
            def named(detail):
                scan = MODEL.scan(detail, size, shape)
                return [((scan.vectors[k], *place), b) for (k, *place), b in zip(scan.coefficients, scan.scale)]
            few = named(0)
            there = {name for name, _ in few}
            self.assertEqual(few, [entry for entry in named(3) if entry[0] in there])

    def test_order(self):
        for size, shape in self.SHAPES:
            scan = MODEL.scan(2, size, shape)
            places = dict(scan._places(MODEL, size))
            keys = [MODEL.scan_key[size][places[c]] for c in scan.coefficients]
            self.assertEqual(keys, sorted(keys, reverse=True))
            for a, b, key, other in zip(scan.coefficients, scan.coefficients[1:], keys, keys[1:]):
                if key == other:
                    scales = [MODEL.scan_scale[size][places[c]] for c in (a, b)]
                    self.assertTrue(scales[0] > scales[1] or scales[0] == scales[1] and places[a] < places[b])

    def test_whole_tiles_have_the_scales_of_the_model(self):
        shift = MODEL.size_shift[3]
        for size in range(4):
            scan = MODEL.scan(3, size, (4, 1 << size, 1 << size))
            places = dict(scan._places(MODEL, size))
            self.assertEqual(scan.scale, [min(max(MODEL.scan_scale[size][places[c]] + shift, -128), 127) for c in scan.coefficients])


if __name__ == "__main__":
    unittest.main()
