// Enumeration of logistic networks without an exponential or logarithm per (network, sample).
//
// The loss of a sample is log(1 + e^t) with t linear in the weights. So e^t is a product of one
// factor per bit, and the sum of logarithms is the logarithm of a product. Per (network, sample)
// that leaves one multiplication (factor of the high bits, common to 64 networks, times factor of
// the low 6 bits, from a table in L1) and one FMA: acc += acc·e^t. Flops: 3; bytes from L1: 8.
#include "problem/logistic.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/aligned.hpp"
#include "problem/enumerator.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "problem/logistic.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;
constexpr int vectors = 8;  // accumulators in flight: FMA latency × FMA units

template <bool tame>
HWY_INLINE V combine(V a, V b) {
  return tame ? hn::Mul(a, b) : hn::Add(a, b);
}

/// out = a ∘ b over `count` doubles: a multiple of the vector length, or less than it.
template <bool tame>
HWY_INLINE void combine_rows(const double* a, const double* b, std::size_t count, double* out) {
  const D d;
  if (count < hn::Lanes(d)) {
    for (std::size_t i = 0; i < count; ++i) out[i] = tame ? a[i] * b[i] : a[i] + b[i];
    return;
  }
  for (std::size_t i = 0; i < count; i += hn::Lanes(d))
    hn::StoreU(combine<tame>(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
}

/// low[sample][lane]: the combined terms of the lowest bits of one block.
template <bool tame>
HWY_INLINE void fill_low(const LogisticTerms& terms, std::size_t begin, std::size_t count,
                         double* low) {
  const int bits = terms.bits < logistic_lane_bits ? terms.bits : logistic_lane_bits;
  const D d;
  for (std::size_t s = 0; s < count; ++s) {
    double* row = low + s * logistic_lanes;
    row[0] = tame ? 1.0 : 0.0;
    std::size_t size = 1;
    for (int b = terms.bits - 1; b >= terms.bits - bits; --b, size *= 2) {
      const double* value = terms.values + 2 * static_cast<std::size_t>(b) * terms.stride;
      const double zero = value[begin + s], one = value[terms.stride + begin + s];
      if (size < hn::Lanes(d)) {
        for (std::size_t i = 0; i < size; ++i) {
          row[size + i] = tame ? row[i] * one : row[i] + one;
          row[i] = tame ? row[i] * zero : row[i] + zero;
        }
      } else {
        for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
          const V low_bits = hn::Load(d, row + i);
          hn::Store(combine<tame>(low_bits, hn::Set(d, one)), d, row + size + i);
          hn::Store(combine<tame>(low_bits, hn::Set(d, zero)), d, row + i);
        }
      }
    }
    for (; size < logistic_lanes; size *= 2)  // fewer than 6 bits: repeat
      for (std::size_t i = 0; i < size; ++i) row[size + i] = row[i];
  }
}

HWY_INLINE void rescale(V& product, double* mantissa, std::int64_t* exponent) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, product);
  const auto one = hn::Set(di, std::int64_t{1023} << 52);
  hn::Store(hn::Add(hn::Load(di, exponent),
                    hn::Sub(hn::ShiftRight<52>(bits), hn::Set(di, std::int64_t{1023}))),
            di, exponent);
  const auto fraction = hn::And(bits, hn::Set(di, (std::int64_t{1} << 52) - 1));
  product = hn::BitCast(d, hn::Or(fraction, one));
  hn::Store(product, d, mantissa);
}

/// One block of tame samples for one group of 64 networks.
HWY_INLINE void add_tame(const double* high, const double* low, const std::uint32_t* ends,
                         std::size_t begin, std::size_t count, const LogisticSums& sums) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t lane = 0; lane < logistic_lanes; lane += vectors * lanes) {
    V acc[vectors];
    for (int k = 0; k < vectors; ++k) acc[k] = hn::Load(d, sums.mantissa + lane + k * lanes);
    const std::uint32_t* end = ends;
    for (std::size_t s = 0; s < count; ++end) {
      for (; begin + s < *end; ++s) {
        const V factor = hn::Set(d, high[s]);
        const double* row = low + s * logistic_lanes + lane;
        for (int k = 0; k < vectors; ++k)
          acc[k] = hn::MulAdd(acc[k], hn::Mul(factor, hn::Load(d, row + k * lanes)), acc[k]);
      }
      for (int k = 0; k < vectors; ++k)
        rescale(acc[k], sums.mantissa + lane + k * lanes, sums.exponent + lane + k * lanes);
    }
  }
}

/// The same for samples whose e^t may overflow: adds max(t, 0) + log1p(e^−|t|) directly.
HWY_INLINE void add_wild(const double* high, const double* low, std::size_t count,
                         const LogisticSums& sums) {
  const D d;
  for (std::size_t lane = 0; lane < logistic_lanes; lane += hn::Lanes(d)) {
    V sum = hn::Load(d, sums.direct + lane);
    for (std::size_t s = 0; s < count; ++s) {
      const V t = hn::Add(hn::Set(d, high[s]), hn::Load(d, low + s * logistic_lanes + lane));
      const V tail = hn::CallLog1p(d, hn::CallExp(d, hn::Neg(hn::Abs(t))));
      sum = hn::Add(sum, hn::Add(hn::Max(t, hn::Zero(d)), tail));
    }
    hn::Store(sum, d, sums.direct + lane);
  }
}

template <bool tame>
HWY_INLINE void add_samples(const LogisticTerms& terms, Index first_group, std::size_t groups,
                            double* workspace, const LogisticSums& sums) {
  const int high_bits = terms.bits > logistic_lane_bits ? terms.bits - logistic_lane_bits : 0;
  double* low = workspace;
  double* prefix = low + logistic_block * logistic_lanes;  // [bits combined][sample of the block]
  const std::uint32_t* ends = terms.rescale;
  for (std::size_t begin = 0; begin < terms.samples; begin += logistic_block) {
    const std::size_t left = terms.samples - begin;
    const std::size_t count = left < logistic_block ? left : logistic_block;
    fill_low<tame>(terms, begin, count, low);
    for (std::size_t s = 0; s < logistic_block; ++s) prefix[s] = tame ? 1.0 : 0.0;
    for (std::size_t g = 0; g < groups; ++g) {
      // Prefixes up to the highest bit that differs from the group before are still valid.
      const Index group = first_group + g;
      int level = 0;
      if (g > 0)
        for (level = high_bits - 1; (group >> (high_bits - 1 - level) & 1) == 0;) --level;
      for (; level < high_bits; ++level) {
        const std::size_t value = group >> (high_bits - 1 - level) & 1;
        combine_rows<tame>(
            prefix + static_cast<std::size_t>(level) * logistic_block,
            terms.values + (2 * static_cast<std::size_t>(level) + value) * terms.stride + begin,
            logistic_block, prefix + static_cast<std::size_t>(level + 1) * logistic_block);
      }
      const double* high = prefix + static_cast<std::size_t>(high_bits) * logistic_block;
      const LogisticSums at = {sums.mantissa + g * logistic_lanes,
                               sums.exponent + g * logistic_lanes,
                               sums.direct + g * logistic_lanes};
      if (tame)
        add_tame(high, low, ends, begin, count, at);
      else
        add_wild(high, low, count, at);
    }
    if (tame)
      while (*ends < begin + count) ++ends;
    if (tame) ++ends;
  }
}

void logistic_sums(const LogisticTerms& tame, const LogisticTerms& wild, Index first_group,
                   std::size_t groups, double* workspace, const LogisticSums& sums) {
  add_samples<true>(tame, first_group, groups, workspace, sums);
  add_samples<false>(wild, first_group, groups, workspace, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {
namespace {

HWY_EXPORT(logistic_sums);

/// If |t| of two samples stays below this for all weights, the product of their e^t is finite.
constexpr double tame_bound = 300.0;
/// The running product may reach e^this between two rescalings (a double holds e^709).
constexpr double product_bound = 700.0;

class LogisticEnumerator : public Enumerator {
 public:
  LogisticEnumerator(const FixedNetwork& network, const DataSet& data, SampleMemory& memory)
      : bits_(network.bits()), samples_(data.size()) {
    std::vector<std::size_t> tame, wild;
    for (std::size_t s = 0; s < data.size(); ++s)
      (bound(network, data, s, true) <= tame_bound ? tame : wild).push_back(s);
    tame_ = make_terms(network, data, tame, memory, true);
    wild_ = make_terms(network, data, wild, memory, false);
    double grown = 0.0;
    for (std::size_t i = 0; i < tame.size(); ++i) {
      const double growth = bound(network, data, tame[i], false) + std::numbers::ln2;
      const bool block_start = i % logistic_block == 0;
      if (i > 0 && (block_start || grown + growth > product_bound)) {
        rescale_.push_back(static_cast<std::uint32_t>(i));
        grown = 0.0;
      }
      grown += growth;
    }
    if (!tame.empty()) rescale_.push_back(static_cast<std::uint32_t>(tame.size()));
  }

  void costs(Index first, std::span<double> out) const override {
    if (out.empty()) return;
    const Index last = first + out.size();
    const Index group_begin = first >> logistic_lane_bits;
    const Index group_end = ((last - 1) >> logistic_lane_bits) + 1;
    // Groups per filling of the low table: as many as leave enough chunks for all threads.
    const auto fair = (group_end - group_begin) / static_cast<Index>(4 * omp_get_max_threads());
    const std::size_t most = std::clamp<Index>(fair, 1, 64);
    const auto chunks = static_cast<std::int64_t>((group_end - group_begin + most - 1) / most);
    const auto samples = static_cast<double>(samples_);
#pragma omp parallel
    {
      AlignedVector<double> workspace((logistic_lanes + static_cast<std::size_t>(bits_) + 1) *
                                      logistic_block);
      AlignedVector<double> mantissa(most * logistic_lanes), direct(most * logistic_lanes);
      AlignedVector<std::int64_t> exponent(most * logistic_lanes);
#pragma omp for schedule(dynamic)
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
        const Index group = group_begin + static_cast<Index>(chunk) * most;
        const std::size_t groups = std::min<Index>(most, group_end - group);
        std::fill(mantissa.begin(), mantissa.end(), 1.0);
        std::fill(direct.begin(), direct.end(), 0.0);
        std::fill(exponent.begin(), exponent.end(), 0);
        HWY_DYNAMIC_DISPATCH(logistic_sums)
        (view(tame_), view(wild_), group, groups, workspace.data(),
         {mantissa.data(), exponent.data(), direct.data()});
        for (std::size_t i = 0; i < groups * logistic_lanes; ++i) {
          const Index w = (group << logistic_lane_bits) + i;
          if (w < first || w >= last) continue;
          const double product =
              std::log(mantissa[i]) + static_cast<double>(exponent[i]) * std::numbers::ln2;
          out[w - first] = (product + direct[i]) / samples;
        }
      }
    }
  }

 private:
  /// The two terms a bit can add to t of a sample.
  static ValuePair terms_of(const FixedNetwork& network, const DataSet& data, std::size_t sample,
                            int bit) {
    const bool bias = bit == network.inputs;
    const ValuePair& pair = bias ? network.b1 : network.w1;
    const double x = bias ? 1.0 : data.row(sample)[static_cast<std::size_t>(bit)];
    const double sign = data.labels[sample] ? -1.0 : 1.0;
    return {sign * pair[0] * x, sign * pair[1] * x};
  }

  /// Largest t of a sample over all networks (at least 0), or largest sum of |term|.
  static double bound(const FixedNetwork& network, const DataSet& data, std::size_t sample,
                      bool absolute) {
    double sum = 0.0;
    for (int b = 0; b < network.bits(); ++b) {
      const ValuePair term = terms_of(network, data, sample, b);
      sum += absolute ? std::max(std::abs(term[0]), std::abs(term[1])) : std::max(term[0], term[1]);
    }
    return std::max(sum, 0.0);
  }

  struct Terms {
    std::size_t samples = 0;
    std::size_t stride = 0;
    SharedArray<double> values;  // terms, or e^term of tame samples
  };

  static Terms make_terms(const FixedNetwork& network, const DataSet& data,
                          const std::vector<std::size_t>& samples, SampleMemory& memory,
                          bool exponentiate) {
    Terms terms;
    terms.samples = samples.size();
    terms.stride = (samples.size() + logistic_block - 1) / logistic_block * logistic_block;
    const auto fill = [&](std::span<double> values) {
      for (int b = 0; b < network.bits(); ++b)
        for (std::size_t i = 0; i < samples.size(); ++i) {
          const ValuePair term = terms_of(network, data, samples[i], b);
          for (std::size_t v = 0; v < 2; ++v)
            values[(2 * static_cast<std::size_t>(b) + v) * terms.stride + i] = term[v];
        }
      if (exponentiate)
        for (double& value : values) value = std::exp(value);
    };
    terms.values =
        memory.make<double>(2 * static_cast<std::size_t>(network.bits()) * terms.stride, fill);
    return terms;
  }

  LogisticTerms view(const Terms& terms) const {
    return {bits_, terms.samples, terms.stride, terms.values.data(), rescale_.data()};
  }

  int bits_;
  std::size_t samples_;
  Terms tame_, wild_;
  std::vector<std::uint32_t> rescale_;
};

}  // namespace

std::unique_ptr<Enumerator> make_logistic_enumerator(const FixedNetwork& network,
                                                     const DataSet& data, SampleMemory& memory) {
  return std::make_unique<LogisticEnumerator>(network, data, memory);
}

}  // namespace qhn
#endif
