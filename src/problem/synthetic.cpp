// Random one- and two-body costs and their enumeration in blocks of the lowest slots. The pair
// terms within a block are one table; the fields, shifted by the other qubits, are added by
// doubling.
#include "problem/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "core/sha256.hpp"
#include "problem/bare_problem.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

// mnist-01: √W(0), W(1) and W(2).
constexpr double mean = 1.3915929;
constexpr double one_body = 0.40518649;
constexpr double two_body = 0.03603792;

/// The nearest multiple of `unit`, a power of two.
double rounded(double value, double unit) { return std::nearbyint(value / unit) * unit; }

/// Scales `numbers` so that the sum of their squares is `sum`.
void scale_to(std::vector<double>& numbers, double sum) {
  const double squares = std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0);
  if (squares == 0.0) return;  // one qubit: no pairs
  const double factor = std::sqrt(sum / squares);
  for (double& x : numbers) x = rounded(x * factor, 0x1p-40);
}

constexpr int most_block_bits = 12;  // a block and its table of pairs stay in the L1 or L2 cache

double sign(Index state, int q) { return bit(state, q) ? -1.0 : 1.0; }

/// The couplings in the order of the slots of a map.
class Blocks {
 public:
  /// Blocks of at most 2^most_bits.
  Blocks(const IsingForm& couplings, const IndexMap& map, int most_bits)
      : couplings_(couplings),
        bits_(std::min(map.slots(), most_bits)),
        first_{{map.qubit_of_slot.begin() + bits_, map.qubit_of_slot.end()}, map.base},
        inner_(map.qubit_of_slot.begin(), map.qubit_of_slot.begin() + bits_),
        pairs_(dimension(bits_)) {
    for (int q = 0; q < couplings.qubits(); ++q)
      if (std::find(inner_.begin(), inner_.end(), q) == inner_.end()) outer_.push_back(q);
    const IndexMap state{inner_, 0};
    for (Index x = 0; x < pairs_.size(); ++x) pairs_[x] = pair_sum(state(x), inner_);
  }

  int bits() const { return bits_; }

  /// Writes the costs at local indices block·2^bits() + 0, 1, ….
  void fill(Index block, double* out) const {
    const Index state = first_(block);
    out[0] = couplings_.constant + field_sum(state) + pair_sum(state, outer_);
    Index size = 1;
    for (const int q : inner_) {
      double field = couplings_.fields[static_cast<std::size_t>(q)];
      for (const int p : outer_) field += couplings_.pair(p, q) * sign(state, p);
      for (Index x = 0; x < size; ++x) {
        out[size + x] = out[x] - field;
        out[x] += field;
      }
      size *= 2;
    }
    for (Index x = 0; x < size; ++x) out[x] += pairs_[x];
  }

 private:
  double field_sum(Index state) const {
    double sum = 0.0;
    for (const int q : outer_)
      sum += couplings_.fields[static_cast<std::size_t>(q)] * sign(state, q);
    return sum;
  }
  double pair_sum(Index state, const std::vector<int>& qubits) const {
    double sum = 0.0;
    for (std::size_t a = 0; a < qubits.size(); ++a) {
      double partners = 0.0;
      for (std::size_t b = 0; b < a; ++b)
        partners += couplings_.pair(qubits[a], qubits[b]) * sign(state, qubits[b]);
      sum += partners * sign(state, qubits[a]);
    }
    return sum;
  }

  const IsingForm& couplings_;
  int bits_;
  IndexMap first_;               ///< number of a block → its first state
  std::vector<int> inner_;       ///< qubits that vary in a block, in slot order
  std::vector<int> outer_;       ///< all others
  AlignedVector<double> pairs_;  ///< pair terms of the inner qubits
};

class SyntheticProblem : public BareProblem {
 public:
  explicit SyntheticProblem(IsingForm couplings) : couplings_(std::move(couplings)) {}

  int bits() const override { return couplings_.qubits(); }
  const IsingForm* ising() const override { return &couplings_; }

  void costs(Index first, std::span<double> out) const override {
    enumerate(identity_map(bits()), first, out);
  }
  void slice(const IndexMap& map, std::span<double> out) const override { enumerate(map, 0, out); }

  std::string data_sha256() const override {
    std::vector<double> all{couplings_.constant};
    all.insert(all.end(), couplings_.fields.begin(), couplings_.fields.end());
    all.insert(all.end(), couplings_.pairs.begin(), couplings_.pairs.end());
    return sha256(all);
  }

 private:
  /// Writes the costs at local indices first, first + 1, ….
  void enumerate(const IndexMap& map, Index first, std::span<double> out) const {
    if (out.empty()) return;
    // A block is at most as large as the request; a single cost needs no block.
    const int asked = static_cast<int>(std::bit_width(out.size())) - 1;
    const Blocks blocks(couplings_, map, std::min(asked, most_block_bits));
    const Index size = dimension(blocks.bits()), last = first + out.size();
    const Index end = (last - 1) / size + 1;
#pragma omp parallel for schedule(static)
    for (Index block = first / size; block < end; ++block) {
      const Index begin = block * size;
      if (begin >= first && begin + size <= last) {
        blocks.fill(block, out.data() + (begin - first));
        continue;
      }
      double whole[dimension(most_block_bits)];  // the first or last block, used in part
      blocks.fill(block, whole);
      const Index from = std::max(begin, first), to = std::min(begin + size, last);
      std::copy(whole + (from - begin), whole + (to - begin), out.data() + (from - first));
    }
  }

  IsingForm couplings_;
};

}  // namespace

IsingForm synthetic_couplings(int qubits, std::uint64_t seed) {
  if (qubits < 1 || qubits > 62)
    throw InputError(fmt::format("{} qubits of the synthetic problem; allowed: 1 to 62", qubits));
  const auto n = static_cast<std::size_t>(qubits);
  IsingForm c{rounded(mean, 0x1p-40), {}, std::vector<double>(n * n)};
  std::vector<double> pairs;  // (1, 0), (2, 0), (2, 1), …
  for (std::size_t q = 0; q < n; ++q) {
    CounterRng rng(seed, Stream::synthetic, q);  // the field of q, then its pairs with lower qubits
    // On a coarse grid squares are exact, and so is their sum.
    const auto deviate = [&] { return rounded(exact_normal(rng), 0x1p-20); };
    c.fields.push_back(deviate());
    for (std::size_t p = 0; p < q; ++p) pairs.push_back(deviate());
  }
  scale_to(c.fields, one_body);
  scale_to(pairs, two_body);
  auto next = pairs.begin();
  for (std::size_t q = 0; q < n; ++q)
    for (std::size_t p = 0; p < q; ++p) c.pairs[p * n + q] = c.pairs[q * n + p] = *next++;
  return c;
}

std::unique_ptr<Problem> make_synthetic_problem(IsingForm couplings) {
  return std::make_unique<SyntheticProblem>(std::move(couplings));
}

}  // namespace qhn
