#include "circuit/noise.hpp"

namespace qhn {

const char* to_string(NoiseKind kind) {
  switch (kind) {
    case NoiseKind::depolarizing:
      return "depolarizing";
    case NoiseKind::bit_flip:
      return "bit-flip";
    case NoiseKind::phase_flip:
      return "phase-flip";
    case NoiseKind::amplitude_damping:
      return "amplitude-damping";
  }
  return "unknown";
}

std::vector<NoiseKind> noise_kinds() {
  return {NoiseKind::depolarizing, NoiseKind::bit_flip, NoiseKind::phase_flip,
          NoiseKind::amplitude_damping};
}

}  // namespace qhn
