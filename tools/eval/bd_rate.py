# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rate-distortion curves and their differences (Bjontegaard, ITU-T VCEG-M33, over monotone cubics)."""
import math

import numpy as np


def slopes(x, y):
    """Of the monotone piecewise cubic through points of rising x (Fritsch and Butland, SIAM J. Sci. Stat.
    Comput. 5, 1984; ends as in Moler, Numerical Computing with MATLAB, 3.6)."""
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    if len(x) == 2:
        return np.repeat(d, 2)
    found = np.zeros(len(x))
    for k in range(1, len(x) - 1):
        if d[k - 1] * d[k] > 0:
            first, second = 2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]
            found[k] = (first + second) / (first / d[k - 1] + second / d[k])
    found[0] = end_slope(h[0], h[1], d[0], d[1])
    found[-1] = end_slope(h[-1], h[-2], d[-1], d[-2])
    return found


def end_slope(h0, h1, d0, d1):
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    if slope * d0 <= 0:
        return 0.0
    if d0 * d1 <= 0 and abs(slope) > 3 * abs(d0):
        return 3 * d0
    return slope


class Curve:
    """Log rate as a monotone piecewise cubic of quality, through points of rising rate and quality.

    A point that costs more than another and is no better is left out, and so is one of quality 0, at which a
    metric no longer tells pictures apart.
    """

    def __init__(self, points):
        """points: (rate, quality), in any order"""
        kept = []
        for rate, quality in sorted(points):
            if quality > (kept[-1][1] if kept else 0):
                kept.append((rate, quality))
        self.quality = np.array([q for _, q in kept])
        self.log_rate = np.log([r for r, _ in kept])
        self.slope = slopes(self.quality, self.log_rate) if len(kept) > 1 else None

    @property
    def is_empty(self):
        return self.slope is None

    @property
    def lowest_rate(self):
        return math.exp(self.log_rate[0])

    @property
    def highest_rate(self):
        return math.exp(self.log_rate[-1])

    def log_rate_at(self, quality):
        """NaN outside of the curve."""
        quality = np.asarray(quality, float)
        k = np.clip(np.searchsorted(self.quality, quality, "right") - 1, 0, len(self.quality) - 2)
        h = self.quality[k + 1] - self.quality[k]
        s = (quality - self.quality[k]) / h
        value = (self.log_rate[k] * (1 + 2 * s) * (1 - s) ** 2 + self.log_rate[k + 1] * s * s * (3 - 2 * s)
                 + h * s * (1 - s) * (self.slope[k] * (1 - s) - self.slope[k + 1] * s))
        inside = (quality >= self.quality[0]) & (quality <= self.quality[-1])
        return np.where(inside, value, np.nan)

    def quality_at(self, rate):
        """The inverse, by bisection; NaN outside of the curve."""
        wanted = np.log(np.asarray(rate, float))
        if self.is_empty:
            return np.full(wanted.shape, np.nan)
        low, high = np.full(wanted.shape, self.quality[0]), np.full(wanted.shape, self.quality[-1])
        for _ in range(60):
            middle = (low + high) / 2
            below = self.log_rate_at(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        inside = (wanted >= self.log_rate[0]) & (wanted <= self.log_rate[-1])
        return np.where(inside, high, np.nan)


def common_quality(reference, curve, rates=None):
    """The qualities that both curves have, where the reference's rate lies in rates = (low, high); None if
    there are none."""
    if reference.is_empty or curve.is_empty:
        return None
    low = max(reference.quality[0], curve.quality[0])
    high = min(reference.quality[-1], curve.quality[-1])
    if rates:
        if rates[0] > reference.highest_rate or rates[1] < reference.lowest_rate:
            return None
        if rates[0] > reference.lowest_rate:
            low = max(low, reference.quality_at(rates[0]))
        if rates[1] < reference.highest_rate:
            high = min(high, reference.quality_at(rates[1]))
    return (low, high) if low < high else None


def bd_rate(reference, curve, rates=None, samples=1000):
    """Mean change of log rate at equal quality, as a share of the reference's rate: -0.2 is a fifth less. Over
    the qualities that both have, where the reference's rate lies in rates; NaN where there are none."""
    levels = common_quality(reference, curve, rates)
    if not levels:
        return math.nan
    quality = levels[0] + (levels[1] - levels[0]) * (np.arange(samples) + 0.5) / samples
    return math.exp(np.mean(curve.log_rate_at(quality) - reference.log_rate_at(quality))) - 1


def rate_change(reference, curve, rate):
    """Change of rate at the quality that the reference has at this rate; NaN outside of either curve."""
    quality = reference.quality_at(rate)
    if math.isnan(quality) or curve.is_empty:
        return math.nan
    return math.exp(curve.log_rate_at(quality) - math.log(rate)) - 1


def gap(reference, curve, rate):
    """Quality of the curve less that of the reference at one rate; NaN outside of either."""
    return curve.quality_at(rate) - reference.quality_at(rate)


def crossings(reference, curve, samples=2000):
    """-> (sign at the lowest common rate, [rates at which the other curve becomes the better one]); None
    without common rates. The sign is 1 where curve is better."""
    if reference.is_empty or curve.is_empty:
        return None
    low = max(reference.log_rate[0], curve.log_rate[0])
    high = min(reference.log_rate[-1], curve.log_rate[-1])
    if low >= high:
        return None
    rates = np.exp(low + (high - low) * (np.arange(samples) + 0.5) / samples)
    better = gap(reference, curve, rates) > 0
    return (1 if better[0] else -1), [float(rates[i]) for i in np.flatnonzero(better[1:] != better[:-1])]
