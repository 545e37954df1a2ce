# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import math
import unittest

import numpy as np

from bd_rate import Curve, bd_rate, common_quality, crossings, gap, rate_change, slopes


def line(factor=1.0, offset=0.0, qualities=range(20, 41, 2)):
    """Six quality units for each doubling of the rate, 0.01 at 30."""
    return Curve([(factor * 0.01 * 2 ** ((q - 30) / 6), q + offset) for q in qualities])


class Slopes(unittest.TestCase):
    def test_a_line_is_exact(self):
        x = np.array([0.0, 1.0, 1.5, 4.0])
        np.testing.assert_allclose(slopes(x, 3 * x - 1), [3, 3, 3, 3], rtol=1e-12)

    def test_interior_slope_is_the_weighted_harmonic_mean(self):
        # h = 1, 3 and secants 2, 6: weights 2*3+1 = 7 and 3+2*1 = 5, (7 + 5) / (7/2 + 5/6)
        found = slopes(np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 20.0]))
        self.assertAlmostEqual(found[1], 12 / (3.5 + 5 / 6))

    def test_no_overshoot(self):
        curve = Curve([(1.0, 1.0), (1.01, 2.0), (5.0, 3.0), (5.1, 9.0)])
        values = curve.log_rate_at(np.linspace(1, 9, 500))
        self.assertTrue((np.diff(values) >= 0).all())
        self.assertGreaterEqual(values.min(), 0)
        self.assertLessEqual(values.max(), math.log(5.1) + 1e-12)


class Curves(unittest.TestCase):
    def test_passes_through_its_points(self):
        points = [(0.01, 25.0), (0.02, 27.5), (0.05, 29.0), (0.2, 35.0)]
        curve = Curve(points[::-1])
        for rate, quality in points:
            self.assertAlmostEqual(float(curve.log_rate_at(quality)), math.log(rate))
            self.assertAlmostEqual(curve.quality_at(rate), quality, places=6)

    def test_quality_at_is_the_inverse(self):
        curve = Curve([(0.01, 25.0), (0.02, 27.5), (0.05, 29.0), (0.2, 35.0)])
        for rate in (0.012, 0.03, 0.19):
            self.assertAlmostEqual(math.exp(curve.log_rate_at(curve.quality_at(rate))), rate)

    def test_outside_is_nan(self):
        self.assertTrue(math.isnan(line().quality_at(1e-6)))
        self.assertTrue(np.isnan(line().log_rate_at([19.9, 40.1])).all())

    def test_points_that_cost_more_for_less_and_zeros_are_left_out(self):
        curve = Curve([(0.001, 0.0), (0.002, 0.0), (0.01, 30.0), (0.02, 29.0), (0.03, 31.0)])
        self.assertEqual(list(curve.quality), [30.0, 31.0])

    def test_too_few_points_give_nan(self):
        self.assertTrue(math.isnan(bd_rate(line(), Curve([(0.01, 30.0)]))))
        self.assertTrue(math.isnan(gap(line(), Curve([]), 0.01)))
        self.assertIsNone(crossings(line(), Curve([])))


class Differences(unittest.TestCase):
    def test_a_constant_factor(self):
        for rates in (None, (0.005, 0.02)):
            self.assertAlmostEqual(bd_rate(line(), line(0.8), rates), -0.2)
            self.assertAlmostEqual(bd_rate(line(0.8), line(), rates), 0.25)

    def test_a_constant_gain_of_quality(self):
        self.assertAlmostEqual(bd_rate(line(), line(offset=3)), 2 ** -0.5 - 1)
        self.assertAlmostEqual(gap(line(), line(offset=3), 0.01), 3)
        self.assertAlmostEqual(rate_change(line(), line(offset=3), 0.01), 2 ** -0.5 - 1)

    def test_rates_restrict(self):
        """Half the rate up to quality 30, which costs 0.01, and double from there."""
        reference = line(qualities=np.linspace(20, 40, 400))
        bent = Curve([(r * (0.5 if q <= 30 else 2), q)
                      for r, q in zip(np.exp(reference.log_rate), reference.quality)])
        self.assertAlmostEqual(bd_rate(reference, bent, (0.002, 0.0098)), -0.5, places=3)
        self.assertAlmostEqual(bd_rate(reference, bent, (0.0103, 0.03)), 1.0, places=3)
        self.assertLess(abs(bd_rate(reference, bent)), 0.01)

    def test_common_quality(self):
        low, high = common_quality(line(), line(qualities=range(28, 51, 2)), (0.0, 0.02))
        self.assertAlmostEqual(low, 28)
        self.assertAlmostEqual(high, 36)
        self.assertIsNone(common_quality(line(), line(qualities=range(28, 51, 2)), (0.0, 0.001)))
        self.assertIsNone(common_quality(line(), line(offset=100)))

    def test_crossing(self):
        steep = Curve([(0.01 * 2 ** ((q - 30) / 3), q) for q in range(24, 36)])
        sign, rates = crossings(line(), steep)   # steep has more below 0.01 and less above
        self.assertEqual(sign, 1)
        self.assertEqual(len(rates), 1)
        self.assertAlmostEqual(rates[0], 0.01, places=4)
        self.assertEqual(crossings(line(), line(0.9)), (1, []))


if __name__ == "__main__":
    unittest.main()
