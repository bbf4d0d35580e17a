#pragma once

#include <cmath>

namespace qhn {

/// `radians` mod 4π, the period of every gate: in (−2π, 2π] where it is beyond 16π, else as it is,
/// so that the bits of usual results stay. Large angles are reduced before anything is added to
/// them, because a sum has the absolute precision of its largest term. Sine and cosine of the C
/// library reduce exactly; std::fmod by a rounded 4π would be wrong in the fourth digit at 1e12.
inline double reduced_angle(double radians) {
  constexpr double usual = 50.26548245743669;  // 16π
  if (std::abs(radians) <= usual) return radians;
  return 2 * std::atan2(std::sin(radians / 2), std::cos(radians / 2));
}

}  // namespace qhn
