#include "baseline/loss_oracle.hpp"

#include <algorithm>

#include "core/chunks.hpp"

namespace qhn {

LossOracle::LossOracle(const CostFunction& costs, std::uint64_t samples, std::uint64_t limit)
    : costs_(costs), samples_(std::max<std::uint64_t>(samples, 1)), left_(limit) {}

void LossOracle::spend(std::uint64_t samples) {
  if (samples > left_) throw Exhausted{};
  left_ -= samples;
}

double LossOracle::operator()(Index w, OraclePhase phase) {
  bill(phase, w, samples_);
  const double loss = costs_(BitString(costs_.bits(), w));
  note(loss, w);
  return loss;
}

void LossOracle::enumerate() {
  const int bits = costs_.bits();
  std::vector<double> block(dimension(std::min(bits, 12)));
  OracleCount& count = bill_[OraclePhase::optimization];
  for (Index first = 0; first < dimension(bits); first += block.size()) {
    if (chunk_poll) (*chunk_poll)();
    spend(block.size() * samples_);
    costs_.table()->costs(first, block);
    count += {block.size(), block.size(), block.size() * samples_};
    for (std::size_t i = 0; i < block.size(); ++i) {
      ++evaluations_;
      note(block[i], first + i);
    }
  }
}

void LossOracle::bill(OraclePhase phase, Index w, std::uint64_t samples) {
  spend(samples);
  const bool fresh = seen_[static_cast<std::size_t>(phase)].insert(w).second;
  bill_[phase] += {1, fresh ? 1u : 0u, samples};
  if (++evaluations_ % 256 == 0 && chunk_poll) (*chunk_poll)();
}

LossOracle::Improvement LossOracle::best() const {
  if (improvements_.empty()) return {0, 0, std::numeric_limits<double>::infinity(), 0};
  return improvements_.back();
}

void LossOracle::note(double loss, Index w) {
  if (loss < best().loss) improvements_.push_back({iteration_, evaluations_, loss, w});
}

}  // namespace qhn
