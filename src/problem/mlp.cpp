// Enumeration of mlp networks. A network is a multiset of hidden unit patterns and a b2. If the
// requested range has at least as many indices as there are multisets, a loss is computed once per
// multiset and copied to all its indices.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/aligned.hpp"
#include "problem/enumerator.hpp"
#include "problem/units.hpp"

namespace qhn {
namespace {

/// Ranks of sorted tuples u_0 ≤ u_1 ≤ … of `length` numbers below `range`: Σ C(u_i + i, i + 1), the
/// combinatorial number system.
class Multisets {
 public:
  /// More than `most` multisets are not tabulated; count() is then `most` + 1.
  Multisets(Index range, int length, Index most) {
    double count = 1.0;
    for (int i = 0; i < length; ++i) count *= (static_cast<double>(range) + i) / (i + 1.0);
    if (count > static_cast<double>(most)) {
      count_ = most + 1;
      return;
    }
    count_ = static_cast<Index>(std::llround(count));
    for (int i = 0; i < length; ++i) {
      // Column i: C(v, i + 1) = C(v − 1, i) + C(v − 1, i + 1) for v up to range + i.
      std::vector<Index> column(static_cast<std::size_t>(range) + static_cast<std::size_t>(i) + 1);
      for (std::size_t v = 1; v < column.size(); ++v)
        column[v] =
            column[v - 1] + (i == 0 ? 1 : binomials_[static_cast<std::size_t>(i) - 1][v - 1]);
      binomials_.push_back(std::move(column));
    }
  }

  Index count() const { return count_; }

  Index rank(const Index* tuple) const {
    Index sum = 0;
    for (std::size_t i = 0; i < binomials_.size(); ++i) sum += binomials_[i][tuple[i] + i];
    return sum;
  }

  void unrank(Index rank, Index* tuple) const {
    for (std::size_t i = binomials_.size(); i-- > 0;) {
      const auto& column = binomials_[i];
      const auto v = std::upper_bound(column.begin(), column.end(), rank) - column.begin() - 1;
      rank -= column[static_cast<std::size_t>(v)];
      tuple[i] = static_cast<Index>(v) - i;
    }
  }

 private:
  Index count_ = 1;
  std::vector<std::vector<Index>> binomials_;
};

class MlpEnumerator : public Enumerator {
 public:
  MlpEnumerator(const FixedNetwork& network, const DataSet& data, SampleMemory& memory)
      : network_(network),
        samples_(data.size()),
        active_(static_cast<std::size_t>(network.active)),
        units_(network.activation == Activation::sign && network.active >= 1 &&
                       network.active <= max_sign_units
                   ? make_sign_units(network, data, memory)
                   : make_smooth_units(network, data, memory)),
        multisets_(dimension(network.inputs + 2), network.active, Index{1} << 22) {}

  void costs(Index first, std::span<double> out) const override {
    if (out.empty()) return;
    // "Reduced" indices lack the bit of b2: both its values are evaluated together.
    const int h = network_.hidden;
    const Index last = first + out.size();
    const Index reduced_first = (first >> (h + 1)) << h;
    const Index reduced_end = (((last - 1) >> (h + 1)) + 1) << h;
    const Index biases = dimension(h) - 1;  // the b1 bits
    const bool distinct = multisets_.count() <= reduced_end - reduced_first;
    const AlignedVector<double> losses =
        distinct ? evaluate(multisets_.count(),
                            [&](Index k, Index* tuple) { multisets_.unrank(k, tuple); })
                 : evaluate(reduced_end - reduced_first, [&](Index k, Index* tuple) {
                     sorted_patterns(reduced_first + k, tuple);
                   });
    const auto samples = static_cast<double>(samples_);
#pragma omp parallel for schedule(static)
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Index w = first + i;
      const Index reduced = (w >> (h + 1)) << h | (w & biases);
      Index k = reduced - reduced_first;
      if (distinct) {
        Index tuple[64];
        sorted_patterns(reduced, tuple);
        k = multisets_.rank(tuple);
      }
      out[i] = losses[2 * k + static_cast<Index>(bit(w, h))] / samples;
    }
  }

 private:
  /// The patterns of the active units in ascending order.
  void sorted_patterns(Index reduced, Index* tuple) const {
    const int h = network_.hidden;
    const int top = network_.inputs * h + 2 * h - 1;
    for (int unit = 0; unit < network_.active; ++unit) {
      const auto parameter = [&](int row) {
        return static_cast<Index>(bit(reduced, top - row * h - unit));
      };
      Index pattern = 0;
      for (int j = 0; j < network_.inputs; ++j) pattern = pattern << 1 | parameter(j);
      const Index w2 = parameter(network_.inputs), b1 = parameter(network_.inputs + 1);
      tuple[unit] = pattern << 2 | b1 << 1 | w2;
    }
    std::sort(tuple, tuple + active_);
  }

  /// Losses [network][b2] of `count` networks, tuple_of(k, …) giving the sorted patterns of each.
  template <class TupleOf>
  AlignedVector<double> evaluate(Index count, TupleOf tuple_of) const {
    AlignedVector<double> losses(2 * count);
    const auto threads = static_cast<std::size_t>(omp_get_max_threads());
    const std::size_t most = units_->chunk_networks();
    const auto chunks = static_cast<std::int64_t>((count + most - 1) / most);
    struct Scratch {
      AlignedVector<std::byte> workspace;
      std::vector<UnitPattern> tuples, patterns;
      std::vector<std::uint32_t> units;
    };
    std::vector<Scratch> scratch(threads);  // allocated here: nothing may throw below
    for (Scratch& s : scratch) {
      s.workspace.resize(units_->workspace());
      s.tuples.resize(most * active_);
      s.patterns.reserve(most * active_);
      s.units.resize(most * active_);
    }
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      Scratch& s = scratch[static_cast<std::size_t>(omp_get_thread_num())];
      const Index begin = static_cast<Index>(chunk) * most;
      const std::size_t networks = std::min<Index>(most, count - begin);
      for (std::size_t k = 0; k < networks; ++k) tuple_of(begin + k, s.tuples.data() + k * active_);
      const auto tuples_end = s.tuples.begin() + static_cast<std::ptrdiff_t>(networks * active_);
      s.patterns.assign(s.tuples.begin(), tuples_end);
      std::sort(s.patterns.begin(), s.patterns.end());
      s.patterns.erase(std::unique(s.patterns.begin(), s.patterns.end()), s.patterns.end());
      std::transform(s.tuples.begin(), tuples_end, s.units.begin(), [&](UnitPattern pattern) {
        return static_cast<std::uint32_t>(
            std::lower_bound(s.patterns.begin(), s.patterns.end(), pattern) - s.patterns.begin());
      });
      units_->losses({s.patterns.data(), s.patterns.size(), s.units.data(), networks},
                     s.workspace.data(), &losses[2 * begin]);
    }
    return losses;
  }

  FixedNetwork network_;
  std::size_t samples_;
  std::size_t active_;
  std::unique_ptr<UnitLosses> units_;
  Multisets multisets_;
};

}  // namespace

std::unique_ptr<Enumerator> make_mlp_enumerator(const FixedNetwork& network, const DataSet& data,
                                                SampleMemory& memory) {
  return std::make_unique<MlpEnumerator>(network, data, memory);
}

}  // namespace qhn
