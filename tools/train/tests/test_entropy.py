# SPDX-License-Identifier: LGPL-2.1-or-later
import unittest

import numpy as np

from onedva_train import entropy
from onedva_train.errors import InputError
from test_geometry import random_scan


def plain_contexts(q, scan):
    """Section 6 of doc/bitstream.md, literally."""
    nt, ny, nx = scan.shape
    done, activity, out = {}, 128, []
    for i, value in enumerate(q):
        o = int(scan.order[i])
        k, t, y, x = o // (nt * ny * nx), o // (ny * nx) % nt, o // nx % ny, o % nx
        near = sum(done.get(p, 0) for p in ((k, t, y - 1, x), (k, t, y, x - 1), (k, t - 1, y, x),
                                            (k - 1, t, y, x)))
        c = near if near <= 2 else 3 if near <= 5 else 4
        a = sum(limit <= activity for limit in (8, 24, 64, 160, 400))
        out.append(a * 5 + c)
        m = min(abs(int(value)), 15)
        done[(k, t, y, x)] = m
        activity = activity - (activity >> 4) + (m << 4)
    return out


class Entropy(unittest.TestCase):
    def test_contexts_follow_the_specification(self):
        scan = random_scan((2, 3, 5))
        rng = np.random.default_rng(3)
        q = (rng.laplace(0, 3, (4, scan.count)) * (rng.random((4, 1)) * 2)).astype(np.int32)
        got = entropy.Contexts(scan).run(q)
        for row in range(len(q)):
            self.assertEqual(got[row].tolist(), plain_contexts(q[row], scan))
        first = entropy.Contexts(scan).run(q[:, :100])
        self.assertEqual(first.tolist(), got[:, :100].tolist())

    def test_cdfs_are_valid(self):
        counts = np.random.default_rng(1).random((7, 16)) ** 9 * 1e6
        cdf = entropy.to_cdf(counts)
        self.assertTrue((np.diff(cdf) > 0).all())
        self.assertTrue((cdf[:, 0] == 0).all() and (cdf[:, -1] == entropy.TOTAL).all())

    def test_prior_of_the_prediction_is_that_of_the_class(self):
        tables = entropy.prediction_prior()
        self.assertTrue((np.diff(tables["large.cdf"]) > 0).all())
        self.assertEqual(tables["symbol.weight"].shape, (entropy.WEIGHTS, entropy.DECISIONS))
        prior = entropy.prior()
        for row in range(entropy.SCALES):
            p = prior[row // 2]
            got = 1 / (1 + np.exp(-tables["symbol.weight"][row] / 4096))
            want = [p[d + 1:].sum() / p[d:].sum() for d in range(entropy.DECISIONS)]
            self.assertLess(np.abs(got - want).max(), 2e-3)

    def test_escape_length_is_that_of_the_code(self):
        for cls in range(32):
            e = min(max((cls - 12) >> 1, 0), 8)
            for mag in list(range(15, 200)) + [5000, 40000]:
                n = 0
                while n < 15 - e and mag - 15 >= ((1 << (n + 1)) - 1) << e:
                    n += 1
                bits = (n + 1 if n < 15 - e else n) + n + e
                self.assertEqual(int(entropy.escape_bits(np.array(cls), np.array(mag))), bits)

    def test_length_choice_is_the_best_prefix(self):
        for token in (8, 16, 32):
            self.check_length_choice(token)

    def check_length_choice(self, token):
        rng = np.random.default_rng(5)
        y = rng.normal(0, 1, (6, 100)) * np.linspace(6, 0.1, 100)
        yhat = entropy.quantise(y, 0) * 1.0
        bits = rng.random((6, 100)) * 4
        n, kept = entropy.choose_lengths(y, yhat, bits, 0, token)
        for row in range(6):
            costs = []
            for m in range(-(-100 // token) + 1):
                cut = m * token
                sse = ((y[row, :cut] - yhat[row, :cut]) ** 2).sum() + (y[row, cut:] ** 2).sum()
                costs.append(sse + entropy.LAMBDA * bits[row, :cut].sum())
            self.assertEqual(n[row], int(np.argmin(costs)))
            self.assertAlmostEqual(kept[row], bits[row, :n[row] * token].sum())


    def test_fitted_tables_are_those_of_the_file(self):
        numbers = np.arange(5440 * 3 + 32 * 14 + 32 * 6 * 5 * 17 + 4 * 15 * 16 + 32 * 3, dtype=np.int32)
        numbers[-96:] %= 128
        tables = entropy.split_tables(numbers)
        self.assertEqual({name: v.shape for name, v in tables.items()},
                         {"symbol.weight": (5440, 3), "large.cdf": (32, 14), "symbol.cdf": (32, 6, 5, 17),
                          "length.cdf": (4, 15, 16), "dequant.delta": (32, 3)})
        self.assertEqual(tables["dequant.delta"].dtype, np.uint8)
        self.assertTrue(np.array_equal(np.concatenate([v.reshape(-1) for v in tables.values()]), numbers))
        for wrong in (numbers[:-1], np.append(numbers, 0)):
            with self.assertRaisesRegex(InputError, f"{len(wrong)} numbers, not {len(numbers)}"):
                entropy.split_tables(wrong)

    def test_lengths_are_counted_by_size(self):
        scan = random_scan((2, 2, 2), size=1)
        y = np.random.default_rng(6).laplace(0, 3, (40, scan.count))
        tables = entropy.Tables()
        before = tables.length.copy()
        tables.fit([(scan, y)], [0], rounds=1, log=lambda text: None)
        self.assertEqual(tables.length.shape, (4, 15, 16))
        self.assertTrue((np.diff(tables.length) > 0).all())
        same = [np.array_equal(tables.length[0], tables.length[size]) for size in range(4)]
        self.assertEqual(same, [True, False, True, True])  # the others have the prior
        self.assertFalse(np.array_equal(before[1], tables.length[1]))


if __name__ == "__main__":
    unittest.main()
