#pragma once

#include <cmath>

namespace qhn {

/// `radians` mod 4π, the period of every gate: in (−2π, 2π] if |radians| > 16π, else unchanged, so
/// that results for usual angles keep their bits. Reduce a large angle before adding to it: a sum
/// has the absolute precision of its largest term. Sine and cosine of the C library reduce exactly;
/// std::fmod by a rounded 4π would be wrong in the fourth digit at 1e12.
inline double reduced_angle(double radians) {
  constexpr double usual = 50.26548245743669;  // 16π
  if (std::abs(radians) <= usual) return radians;
  return 2 * std::atan2(std::sin(radians / 2), std::cos(radians / 2));
}

}  // namespace qhn
