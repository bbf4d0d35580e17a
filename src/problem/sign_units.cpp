// Losses of mlp networks with sign activation, by XNOR and popcount.
//
// A hidden unit is one bit per sample, so bits are packed over samples (512 to an AVX-512
// register). On ±1 inputs and weights the unit's bit is "at least t of the inputs match the
// weights": XNOR of the input's bits with the weight, added up by bit-sliced counters whose
// prefixes are shared between neighboring patterns. The loss needs only how often each combination
// of unit outputs occurs per label: popcounts of ANDs over the subsets of units, then
// inclusion–exclusion. Operations per pattern and register of samples: about 4 log2(inputs); bytes:
// the rows, in cache.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "core/aligned.hpp"
#include "problem/units.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "problem/sign_units.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef QHN_SIGN_UNITS_SHARED
#define QHN_SIGN_UNITS_SHARED
namespace qhn {

inline constexpr std::size_t sign_words = 32;               // per block, of 64 samples each
inline constexpr std::size_t sign_block = 64 * sign_words;  // samples

/// One block of samples that share a label.
struct SignBlock {
  int label;
  std::size_t words;           // words in use, a multiple of 8
  const std::uint64_t* valid;  // 0 where a sample is padding
  const std::uint64_t* bits;   // [input][word]: x = +1; null where the inputs are not all ±1
  const double* x;             // [input][sample]; null if `bits` is set
};

struct SignNetwork {
  int inputs;
  int active;
  double w1[2], b1[2];
  int threshold[2];  // with `bits`: matches needed for +1, per b1 bit
  int counter_bits;  // bits of a match count
};

}  // namespace qhn
#endif

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using DU = hn::CappedTag<std::uint64_t, 8>;
using VU = hn::Vec<DU>;

/// counters[k] at level j + 1: bit k of the number of matches among the first j + 1 inputs.
HWY_INLINE void add_matches(const SignNetwork& net, const SignBlock& block, int j, bool plus,
                            std::uint64_t* counters) {
  const DU d;
  const auto planes = static_cast<std::size_t>(net.counter_bits);
  const std::uint64_t* x = block.bits + static_cast<std::size_t>(j) * sign_words;
  const std::uint64_t* from = counters + static_cast<std::size_t>(j) * planes * sign_words;
  std::uint64_t* to = counters + static_cast<std::size_t>(j + 1) * planes * sign_words;
  const VU flip = hn::Set(d, plus ? 0 : ~std::uint64_t{0});
  std::size_t used = 0;  // bit planes of a count up to j; the next one takes the last carry
  while (j >> used) ++used;
  for (std::size_t w = 0; w < block.words; w += hn::Lanes(d)) {
    VU carry = hn::Xor(hn::Load(d, x + w), flip);
    for (std::size_t k = 0; k < used; ++k) {
      const VU count = hn::Load(d, from + k * sign_words + w);
      hn::Store(hn::Xor(count, carry), d, to + k * sign_words + w);
      carry = hn::And(count, carry);
    }
    if (used < planes) hn::Store(carry, d, to + used * sign_words + w);
  }
}

/// row = (number of matches ≥ threshold), from the least significant counter bit upwards.
HWY_INLINE void compare_matches(const SignNetwork& net, const SignBlock& block, int threshold,
                                const std::uint64_t* counters, std::uint64_t* row) {
  const DU d;
  const std::uint64_t* last =
      counters + static_cast<std::size_t>(net.inputs * net.counter_bits) * sign_words;
  const VU always = hn::Set(d, threshold <= 0 ? ~std::uint64_t{0} : 0);
  const bool reachable = threshold > 0 && threshold <= net.inputs;
  for (std::size_t w = 0; w < block.words; w += hn::Lanes(d)) {
    VU reached = always;
    if (reachable) {
      reached = hn::Set(d, ~std::uint64_t{0});
      for (int k = 0; k < net.counter_bits; ++k) {
        const VU count = hn::Load(d, last + static_cast<std::size_t>(k) * sign_words + w);
        reached = threshold >> k & 1 ? hn::And(count, reached) : hn::Or(count, reached);
      }
    }
    hn::Store(hn::And(reached, hn::Load(d, block.valid + w)), d, row + w);
  }
}

/// sums at level j + 1 = sums at level j + weight·x_j, in the order of the reference.
HWY_INLINE void add_input(const SignBlock& block, int j, double weight, double* sums) {
  const D d;
  const double* x = block.x + static_cast<std::size_t>(j) * sign_block;
  double* from = sums + static_cast<std::size_t>(j) * sign_block;
  for (std::size_t s = 0; s < 64 * block.words; s += hn::Lanes(d))
    hn::Store(hn::Add(hn::Load(d, from + s), hn::Mul(hn::Set(d, weight), hn::Load(d, x + s))), d,
              from + sign_block + s);
}

HWY_INLINE void compare_sums(const SignNetwork& net, const SignBlock& block, double bias,
                             const double* sums, std::uint64_t* row) {
  const D d;
  const double* last = sums + static_cast<std::size_t>(net.inputs) * sign_block;
  for (std::size_t w = 0; w < block.words; ++w) {
    std::uint64_t bits = 0;
    for (std::size_t s = 0; s < 64; s += hn::Lanes(d)) {
      const auto a = hn::Add(hn::Load(d, last + 64 * w + s), hn::Set(d, bias));
      std::uint8_t mask[8] = {};
      hn::StoreMaskBits(d, hn::Ge(a, hn::Zero(d)), mask);
      bits |= std::uint64_t{mask[0]} << s;
    }
    row[w] = bits & block.valid[w];
  }
}

/// rows[pattern][word]: where the unit's output is +1.
HWY_INLINE void fill_rows(const SignNetwork& net, const SignBlock& block, const UnitChunk& chunk,
                          std::byte* levels, std::uint64_t* rows) {
  auto* counters = reinterpret_cast<std::uint64_t*>(levels);  // one of the two is used
  auto* sums = reinterpret_cast<double*>(levels);
  if (block.bits) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(net.counter_bits) * sign_words; ++i)
      counters[i] = 0;
  } else {
    for (std::size_t s = 0; s < sign_block; ++s) sums[s] = 0.0;
  }
  for (std::size_t i = 0; i < chunk.pattern_count; ++i) {
    std::uint64_t* row = rows + i * sign_words;
    const Index hidden = chunk.patterns[i] >> 1;  // W1 column and b1
    const Index changed = i == 0 ? ~Index{0} : hidden ^ (chunk.patterns[i - 1] >> 1);
    if (changed == 0) {  // differs in w2 only
      for (std::size_t w = 0; w < block.words; ++w) row[w] = row[w - sign_words];
      continue;
    }
    int level = net.inputs;
    for (int j = net.inputs - 1; j >= 0; --j)
      if (changed >> (net.inputs - j) & 1) level = j;
    for (; level < net.inputs; ++level) {
      const double weight = net.w1[hidden >> (net.inputs - level) & 1];
      if (block.bits)
        add_matches(net, block, level, weight > 0, counters);
      else
        add_input(block, level, weight, sums);
    }
    if (block.bits)
      compare_matches(net, block, net.threshold[hidden & 1], counters, row);
    else
      compare_sums(net, block, net.b1[hidden & 1], sums, row);
  }
}

/// counts[network][label][subset of units] += samples where all units of the subset are +1.
HWY_INLINE void count_subsets(const SignNetwork& net, const SignBlock& block,
                              const UnitChunk& chunk, const std::uint64_t* rows,
                              std::int64_t* counts) {
  const DU d;
  const std::size_t lanes = hn::Lanes(d);
  const auto active = static_cast<std::size_t>(net.active);
  const std::size_t subsets = std::size_t{1} << active;
  HWY_ALIGN std::uint64_t both[(std::size_t{1} << max_sign_units) * 8];  // AND of a subset's rows
  HWY_ALIGN std::uint64_t sums[(std::size_t{1} << max_sign_units) * 8];
  std::int64_t found[std::size_t{1} << max_sign_units] = {};
  for (std::size_t n = 0; n < chunk.networks; ++n) {
    const std::uint32_t* units = chunk.units + n * active;
    // Neighbors often differ in w2 only: then the counts of the network before hold.
    bool same = n > 0;
    for (std::size_t i = 0; same && i < active; ++i)
      same = chunk.patterns[units[i]] >> 1 == chunk.patterns[*(units + i - active)] >> 1;
    if (!same) {
      for (std::size_t i = 0; i < subsets * lanes; ++i) sums[i] = 0;
      for (std::size_t w = 0; w < block.words; w += lanes) {
        for (std::size_t subset = 1; subset < subsets; ++subset) {
          const auto unit = static_cast<std::size_t>(hwy::Num0BitsBelowLS1Bit_Nonzero64(subset));
          const std::size_t rest = subset & (subset - 1);
          VU all = hn::Load(d, rows + units[unit] * sign_words + w);
          if (rest != 0) all = hn::And(all, hn::Load(d, both + rest * lanes));
          hn::Store(all, d, both + subset * lanes);
          hn::Store(hn::Add(hn::Load(d, sums + subset * lanes), hn::PopulationCount(all)), d,
                    sums + subset * lanes);
        }
      }
      for (std::size_t subset = 1; subset < subsets; ++subset)
        found[subset] = static_cast<std::int64_t>(
            hn::GetLane(hn::SumOfLanes(d, hn::Load(d, sums + subset * lanes))));
    }
    std::int64_t* into = counts + (2 * n + static_cast<std::size_t>(block.label)) * subsets;
    for (std::size_t subset = 1; subset < subsets; ++subset) into[subset] += found[subset];
  }
}

void sign_counts(const SignNetwork& net, const SignBlock& block, const UnitChunk& chunk,
                 std::byte* levels, std::uint64_t* rows, std::int64_t* counts) {
  fill_rows(net, block, chunk, levels, rows);
  count_subsets(net, block, chunk, rows, counts);
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {
namespace {

HWY_EXPORT(sign_counts);

class SignUnits : public UnitLosses {
 public:
  SignUnits(const FixedNetwork& network, const DataSet& data, SampleMemory& memory)
      : network_(network), subsets_(std::size_t{1} << network.active) {
    const auto active = static_cast<std::size_t>(network.active);
    const Index patterns = dimension(network.inputs + 2);
    const Index wanted = active == 1 ? 1024 : std::clamp<Index>(4 * patterns, 256, 16384);
    chunk_ = std::clamp<Index>((Index{1} << 18) / subsets_, 64, wanted);
    rows_ = std::min(patterns, chunk_ * active);
    xnor_ = network.w1[0] == -network.w1[1] && std::abs(network.w1[0]) == 1.0 &&
            std::all_of(data.features.begin(), data.features.end(),
                        [](double x) { return std::abs(x) == 1.0; });
    arrange(data, memory);
    tabulate_errors();
  }

  std::size_t chunk_networks() const override { return chunk_; }
  std::size_t workspace() const override {
    return 8 * (levels() + rows_ * sign_words + chunk_ * 2 * subsets_);
  }

  void losses(const UnitChunk& chunk, std::byte* workspace, double* out) const override {
    SignNetwork net = {network_.inputs,
                       network_.active,
                       {network_.w1[0], network_.w1[1]},
                       {network_.b1[0], network_.b1[1]},
                       {},
                       static_cast<int>(std::bit_width(static_cast<unsigned>(network_.inputs)))};
    for (int v = 0; v < 2; ++v)  // least m with 2m − inputs + b1 ≥ 0: m matches give that sum
      while (2 * net.threshold[v] - network_.inputs + net.b1[v] < 0.0 &&
             net.threshold[v] <= network_.inputs)
        ++net.threshold[v];
    auto* rows = reinterpret_cast<std::uint64_t*>(workspace + 8 * levels());
    auto* counts = reinterpret_cast<std::int64_t*>(rows + rows_ * sign_words);
    std::fill_n(counts, chunk.networks * 2 * subsets_, 0);
    for (const SignBlock& block : blocks_)
      HWY_DYNAMIC_DISPATCH(sign_counts)(net, block, chunk, workspace, rows, counts);
    for (std::size_t n = 0; n < chunk.networks; ++n)
      add_errors(chunk, n, counts + 2 * n * subsets_, out + 2 * n);
  }

 private:
  /// 8-byte words of the prefixes: counters or sums, with inputs + 1 levels.
  std::size_t levels() const {
    return (static_cast<std::size_t>(network_.inputs) + 1) *
           (xnor_ ? sign_words * std::bit_width(static_cast<unsigned>(network_.inputs))
                  : sign_block);
  }

  /// Samples by label, packed into blocks.
  void arrange(const DataSet& data, SampleMemory& memory) {
    const auto inputs = static_cast<std::size_t>(network_.inputs);
    std::vector<std::size_t> of_label[2];
    for (std::size_t s = 0; s < data.size(); ++s) of_label[data.labels[s]].push_back(s);
    struct Part {  // one block of samples of one label
      int label;
      std::size_t begin, samples;
    };
    std::vector<Part> parts;
    for (int label = 0; label < 2; ++label) {
      const std::size_t all = of_label[label].size();
      totals_[label] = static_cast<std::int64_t>(all);
      for (std::size_t begin = 0; begin < all; begin += sign_block)
        parts.push_back({label, begin, std::min(sign_block, all - begin)});
    }
    // put(block, sample of the block, row of the data)
    const auto for_each_sample = [&](const auto& put) {
      for (std::size_t b = 0; b < parts.size(); ++b)
        for (std::size_t s = 0; s < parts[b].samples; ++s)
          put(b, s, data.row(of_label[parts[b].label][parts[b].begin + s]));
    };
    const std::size_t count = parts.size();
    valid_ = memory.make<std::uint64_t>(count * sign_words, [&](std::span<std::uint64_t> valid) {
      for_each_sample([&](std::size_t b, std::size_t s, std::span<const double>) {
        valid[b * sign_words + s / 64] |= std::uint64_t{1} << s % 64;
      });
    });
    if (xnor_)
      bits_ = memory.make<std::uint64_t>(
          count * inputs * sign_words, [&](std::span<std::uint64_t> bits) {
            for_each_sample([&](std::size_t b, std::size_t s, std::span<const double> row) {
              for (std::size_t j = 0; j < inputs; ++j)
                if (row[j] > 0)
                  bits[(b * inputs + j) * sign_words + s / 64] |= std::uint64_t{1} << s % 64;
            });
          });
    else
      x_ = memory.make<double>(count * inputs * sign_block, [&](std::span<double> x) {
        for_each_sample([&](std::size_t b, std::size_t s, std::span<const double> row) {
          for (std::size_t j = 0; j < inputs; ++j) x[(b * inputs + j) * sign_block + s] = row[j];
        });
      });
    for (std::size_t b = 0; b < count; ++b)
      blocks_.push_back({parts[b].label, (parts[b].samples + 511) / 512 * 8,
                         valid_.data() + b * sign_words,
                         xnor_ ? bits_.data() + b * inputs * sign_words : nullptr,
                         xnor_ ? nullptr : x_.data() + b * inputs * sign_block});
  }

  /// errors_[label][b2][w2 bits][outputs]: squared error of a sample, bit i of the last two for
  /// unit i.
  void tabulate_errors() {
    for (int label = 0; label < 2; ++label)
      for (int b2 = 0; b2 < 2; ++b2)
        for (std::size_t w2 = 0; w2 < subsets_; ++w2)
          for (std::size_t outputs = 0; outputs < subsets_; ++outputs) {
            double z = network_.b2[static_cast<std::size_t>(b2)];
            for (int i = 0; i < network_.active; ++i)
              z += (outputs >> i & 1 ? 1.0 : -1.0) * network_.w2[w2 >> i & 1];
            const double wrong = 1.0 / (1.0 + std::exp(label ? z : -z));
            errors_.push_back(wrong * wrong);
          }
  }

  /// `counts`: [label][subset], on entry summed over supersets.
  void add_errors(const UnitChunk& chunk, std::size_t n, std::int64_t* counts, double* out) const {
    const auto active = static_cast<std::size_t>(network_.active);
    std::size_t w2 = 0;
    for (std::size_t i = 0; i < active; ++i)
      w2 |= (chunk.patterns[chunk.units[n * active + i]] & 1) << i;
    out[0] = out[1] = 0.0;
    for (std::size_t label = 0; label < 2; ++label) {
      std::int64_t* exact = counts + label * subsets_;
      exact[0] = totals_[label];
      for (std::size_t unit = 1; unit < subsets_; unit *= 2)
        for (std::size_t subset = 0; subset < subsets_; ++subset)
          if (!(subset & unit)) exact[subset] -= exact[subset | unit];
      for (std::size_t b2 = 0; b2 < 2; ++b2) {
        const double* error = &errors_[((2 * label + b2) * subsets_ + w2) * subsets_];
        for (std::size_t outputs = 0; outputs < subsets_; ++outputs)
          out[b2] += static_cast<double>(exact[outputs]) * error[outputs];
      }
    }
  }

  FixedNetwork network_;
  std::size_t subsets_;
  std::size_t chunk_ = 0, rows_ = 0;
  bool xnor_ = false;
  std::int64_t totals_[2] = {};
  SharedArray<std::uint64_t> valid_, bits_;  // of all blocks
  SharedArray<double> x_;
  std::vector<SignBlock> blocks_;
  std::vector<double> errors_;
};

}  // namespace

std::unique_ptr<UnitLosses> make_sign_units(const FixedNetwork& network, const DataSet& data,
                                            SampleMemory& memory) {
  return std::make_unique<SignUnits>(network, data, memory);
}

}  // namespace qhn
#endif
