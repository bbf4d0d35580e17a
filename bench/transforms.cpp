// The rows wht and sampling.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <memory>

#include "bench.hpp"
#include "core/aligned.hpp"
#include "core/wht.hpp"
#include "engine/measure.hpp"
#include "engine/reference.hpp"
#include "truth.hpp"

namespace qhn {
namespace {

/// Σ_w values[w] (−1)^(s·w).
double naive_coefficient(std::span<const double> values, Index s) {
  double sum = 0.0;
  for (Index w = 0; w < values.size(); ++w)
    sum += std::popcount(s & w) & 1 ? -values[w] : values[w];
  return sum;
}

void add_wht(const BenchOptions& options, int qubits, int threads, int iterations,
             std::vector<Case>& cases) {
  const double size = static_cast<double>(dimension(qubits));
  const Row row{
      .benchmark = "wht",
      .qubits = qubits,
      .threads = threads,
      .work = {qubits * size, 16.0 * size * (1 + std::ceil(std::max(qubits - 12, 0) / 6.0))}};
  const bool broken = options.breaks(row.benchmark);
  cases.push_back(
      {row, iterations, 16 * size, [=] {
         auto values = std::make_shared<AlignedVector<double>>(dimension(qubits));
         const auto fill = [=] { fill_random(*values, 1, threads); };
         const auto verify = [=] {
           fill();
           const AlignedVector<double> before = *values;
           walsh_hadamard(*values);
           if (broken) (*values)[0] = -(*values)[0];
           bool good = true;
           CounterRng rng(1, Stream::synthetic, 7);
           for (int k = 0; k < 6; ++k) {
             const Index s = k == 0 ? 0 : k == 1 ? values->size() - 1 : rng() % values->size();
             // Coefficients of random numbers are of the size of the root of their sum of squares.
             good = good && std::abs((*values)[s] - naive_coefficient(before, s)) <= 1e-12 * size;
           }
           // Every run multiplies the norm by √size: start where a hundred runs stay finite.
           for (double& v : *values) v *= 0x1p-1000;
           return good;
         };
         return Task{[=] { walsh_hadamard(*values); }, verify, ""};
       }});
}

/// Amplitudes at fresh angles, and measurements of them.
class Sampler {
 public:
  Sampler(int qubits, std::uint64_t shots, int threads, bool broken)
      : circuit_(make_circuit(Family::linear, qubits, 4)),
        cost_(dimension(qubits)),
        amplitudes_(cost_.size()),
        shots_(shots),
        threads_(threads),
        broken_(broken),
        rng_(8, Stream::synthetic, 0),
        angles_(static_cast<std::size_t>(circuit_.angles)),
        engine_(
            make_engine(circuit_, cost_, {EngineKind::automatic, Precision::float64, threads})) {}

  void run() {
    fill_angles(angles_, rng_);
    engine_->amplitudes()->state(angles_, amplitudes_);
    if (broken_) amplitudes_[0] = -amplitudes_[0];
    counts_ = measure(amplitudes_, shots_, ++seed_, threads_);
  }

  /// The state, gate by gate; then every shot by a search of its own.
  bool verify() {
    run();
    const auto expected = reference_state(circuit_, angles_);
    std::vector<double> cumulative;
    double sum = 0.0;
    for (Index w = 0; w < expected.size(); ++w) {
      if (!(std::abs(expected[w] - amplitudes_[w]) <= 1e-13)) return false;
      cumulative.push_back(sum += std::norm(expected[w]));
    }
    CounterRng rng(seed_, Stream::shots, 0);
    std::int64_t misplaced = 0;
    std::map<Index, std::uint64_t> left(counts_.begin(), counts_.end());
    for (std::uint64_t shot = 0; shot < shots_; ++shot) {
      const auto at = std::upper_bound(cumulative.begin(), cumulative.end(), rng.uniform() * sum);
      const auto found = left.find(static_cast<Index>(at - cumulative.begin()));
      if (found == left.end() || found->second-- == 0) ++misplaced;
    }
    return misplaced <= 2;  // a point may fall within rounding of a border
  }

 private:
  Circuit circuit_;
  AlignedVector<double> cost_;
  AlignedVector<Complex> amplitudes_;
  std::uint64_t shots_, seed_ = 0;
  int threads_;
  bool broken_;
  CounterRng rng_;
  std::vector<double> angles_;
  std::unique_ptr<Engine> engine_;
  Counts counts_;
};

void add_sampling(const BenchOptions& options, int qubits, std::uint64_t shots, int threads,
                  std::vector<Case>& cases) {
  const Circuit circuit = make_circuit(Family::linear, qubits, 4);
  const double size = static_cast<double>(dimension(qubits));
  Work work = forward_work(cut_circuit(circuit, qubits, Purpose::state).low);
  work += {8.0 * size, (16 + 16 + 2 * 16) * size};  // copied as complex numbers, read twice
  const Row row{.benchmark = "sampling",
                .start = "zero",
                .qubits = qubits,
                .sublayers = 4,
                .threads = threads,
                .work = work,
                .items = static_cast<double>(shots),
                .unit = "shots"};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto sampler = std::make_shared<Sampler>(qubits, shots, threads, broken);
    return Task{[=] { sampler->run(); }, [=] { return sampler->verify(); }, ""};
  };
  cases.push_back({row, 1, 64 * size, prepare});
}

}  // namespace

void add_transforms(const BenchOptions& options, std::vector<Case>& cases) {
  const int all = options.threads;
  for (int qubits : options.pick<std::vector<int>>({10}, {20}, {20, 24}))
    for (int threads : all > 1 ? std::vector{1, all} : std::vector{1})
      add_wht(options, qubits, threads, qubits > 20 ? 1 : options.pick(2, 4, 8), cases);
  add_sampling(options, options.pick(8, 20, 20), options.pick(1000, 1000000, 1000000), all, cases);
}

}  // namespace qhn
