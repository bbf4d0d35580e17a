#include "circuit/noise.hpp"

#include <algorithm>

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

bool Noise::none() const { return largest() == 0.0; }

ReadoutError Noise::readout_of(int qubit) const {
  if (readout.empty()) return {};
  return readout.size() == 1 ? readout[0] : readout[static_cast<std::size_t>(qubit)];
}

double Noise::largest() const {
  double most = std::max(one_qubit, two_qubit);
  for (const auto& [a, b] : readout) most = std::max({most, a, b});
  return most;
}

Noise scaled(const Noise& noise, double factor) {
  Noise out = noise;
  out.one_qubit *= factor;
  out.two_qubit *= factor;
  for (auto& [a, b] : out.readout) {
    a *= factor;
    b *= factor;
  }
  return out;
}

}  // namespace qhn
