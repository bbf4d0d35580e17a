// Losses of mlp networks from per-sample tables of unit outputs.
//
// |p − y| = σ(−c) with c = (2y − 1)·z, and e^c is a product of one factor per hidden unit, so a
// loss term is 1/(1 + e^c)²: per (network, sample) one multiplication per unit and half a division
// (the two values of b2 share one). Flops: active + 7 per two networks; bytes from L1/L2: 8·active.
#include <algorithm>
#include <cmath>

#include "core/aligned.hpp"
#include "problem/units.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "problem/smooth_units.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

#ifndef QHN_SMOOTH_UNITS_SHARED
#define QHN_SMOOTH_UNITS_SHARED
namespace qhn {

/// Samples of one kind: tame ones hold factors such as e^c, wild ones (e^c could overflow) the
/// exponents.
struct SmoothSamples {
  std::size_t count;      // padded to whole blocks; padding has x = 0, sign 0 and a huge b2 entry
  const double* x;        // [input][sample]
  const double* sign;     // 2y − 1
  const double* bias[2];  // [b2 bit][sample]: e^(sign·b2) or sign·b2
};

struct SmoothNetwork {
  int inputs;
  int active;
  Activation activation;
  double w1[2], w2[2], b1[2];
  std::size_t block;  // samples per table, a multiple of 8
};

}  // namespace qhn
#endif

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

constexpr double largest_exponent = 700.0;  // e^700 squared is infinite, and 1/inf the right limit

HWY_INLINE V exp_of(V x) {
  const D d;
  return hn::CallExp(d, hn::Min(x, hn::Set(d, largest_exponent)));
}

/// Vector version of activate().
HWY_INLINE V activate_lanes(Activation activation, V a) {
  const D d;
  const V zero = hn::Zero(d), one = hn::Set(d, 1.0);
  switch (activation) {
    case Activation::relu:
      return hn::Max(a, zero);
    case Activation::sigmoid:
      return hn::Div(one, hn::Add(one, exp_of(hn::Neg(a))));
    case Activation::sign:
      return hn::IfThenElse(hn::Ge(a, zero), one, hn::Neg(one));
    case Activation::tanh:
      return hn::CallTanh(d, a);
    case Activation::clamped_relu:
      return hn::Min(hn::Max(a, zero), one);
  }
  return zero;
}

/// rows[pattern][sample of the block]: e^(sign·w2·f), or the exponent of it for wild samples.
template <bool tame>
HWY_INLINE void fill_rows(const SmoothNetwork& net, const SmoothSamples& samples, std::size_t begin,
                          const UnitChunk& chunk, double* sums, double* rows) {
  const D d;
  const std::size_t block = net.block;
  double* outputs = sums + static_cast<std::size_t>(net.inputs + 1) * block;
  for (std::size_t s = 0; s < block; ++s) sums[s] = 0.0;
  for (std::size_t i = 0; i < chunk.pattern_count; ++i) {
    const Index hidden = chunk.patterns[i] >> 1;  // W1 column and b1
    const Index changed = i == 0 ? ~Index{0} : hidden ^ (chunk.patterns[i - 1] >> 1);
    // sums[j] = Σ_{k<j} w_k·x_k in the order of the reference; prefixes of the last pattern hold.
    int level = net.inputs;
    for (int j = net.inputs - 1; j >= 0; --j)
      if (changed >> (net.inputs - j) & 1) level = j;
    for (; level < net.inputs; ++level) {
      const V weight = hn::Set(d, net.w1[hidden >> (net.inputs - level) & 1]);
      const double* x = samples.x + static_cast<std::size_t>(level) * samples.count + begin;
      double* from = sums + static_cast<std::size_t>(level) * block;
      for (std::size_t s = 0; s < block; s += hn::Lanes(d))
        hn::Store(hn::Add(hn::Load(d, from + s), hn::Mul(weight, hn::LoadU(d, x + s))), d,
                  from + block + s);
    }
    if (changed != 0) {
      const V bias = hn::Set(d, net.b1[hidden & 1]);
      const double* last = sums + static_cast<std::size_t>(net.inputs) * block;
      for (std::size_t s = 0; s < block; s += hn::Lanes(d))
        hn::Store(activate_lanes(net.activation, hn::Add(hn::Load(d, last + s), bias)), d,
                  outputs + s);
    }
    const V weight = hn::Set(d, net.w2[chunk.patterns[i] & 1]);
    double* row = rows + i * block;
    for (std::size_t s = 0; s < block; s += hn::Lanes(d)) {
      const V c = hn::Mul(hn::LoadU(d, samples.sign + begin + s),
                          hn::Mul(weight, hn::Load(d, outputs + s)));
      hn::Store(tame ? hn::CallExp(d, c) : c, d, row + s);
    }
  }
}

/// losses[network][b2] += Σ over the block of 1/(1 + e^c)².
template <bool tame>
HWY_INLINE void add_losses(const SmoothNetwork& net, const SmoothSamples& samples,
                           std::size_t begin, const UnitChunk& chunk, const double* rows,
                           double* losses) {
  const D d;
  const V one = hn::Set(d, 1.0);
  const double* bias0 = samples.bias[0] + begin;
  const double* bias1 = samples.bias[1] + begin;
  const double* row[64];
  for (std::size_t n = 0; n < chunk.networks; ++n) {
    for (int k = 0; k < net.active; ++k)
      row[k] = rows +
               chunk.units[n * static_cast<std::size_t>(net.active) + static_cast<std::size_t>(k)] *
                   net.block;
    V sum0 = hn::Zero(d), sum1 = hn::Zero(d);
    for (std::size_t s = 0; s < net.block; s += hn::Lanes(d)) {
      V c = net.active > 0 ? hn::Load(d, row[0] + s) : hn::Set(d, tame ? 1.0 : 0.0);
      for (int k = 1; k < net.active; ++k) {
        const V next = hn::Load(d, row[k] + s);
        c = tame ? hn::Mul(c, next) : hn::Add(c, next);
      }
      const V with0 = hn::LoadU(d, bias0 + s), with1 = hn::LoadU(d, bias1 + s);
      const V q0 = tame ? hn::MulAdd(c, with0, one) : hn::Add(one, exp_of(hn::Add(c, with0)));
      const V q1 = tame ? hn::MulAdd(c, with1, one) : hn::Add(one, exp_of(hn::Add(c, with1)));
      const V square0 = hn::Mul(q0, q0), square1 = hn::Mul(q1, q1);
      if (tame) {
        const V inverse = hn::Div(one, hn::Mul(square0, square1));
        sum0 = hn::MulAdd(inverse, square1, sum0);
        sum1 = hn::MulAdd(inverse, square0, sum1);
      } else {
        sum0 = hn::Add(sum0, hn::Div(one, square0));
        sum1 = hn::Add(sum1, hn::Div(one, square1));
      }
    }
    losses[2 * n] += hn::GetLane(hn::SumOfLanes(d, sum0));
    losses[2 * n + 1] += hn::GetLane(hn::SumOfLanes(d, sum1));
  }
}

void smooth_losses(const SmoothNetwork& net, const SmoothSamples& tame, const SmoothSamples& wild,
                   const UnitChunk& chunk, double* workspace, double* losses) {
  double* rows = workspace + static_cast<std::size_t>(net.inputs + 2) * net.block;
  for (std::size_t begin = 0; begin < tame.count; begin += net.block) {
    fill_rows<true>(net, tame, begin, chunk, workspace, rows);
    add_losses<true>(net, tame, begin, chunk, rows, losses);
  }
  for (std::size_t begin = 0; begin < wild.count; begin += net.block) {
    fill_rows<false>(net, wild, begin, chunk, workspace, rows);
    add_losses<false>(net, wild, begin, chunk, rows, losses);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {
namespace {

HWY_EXPORT(smooth_losses);

/// Up to this |c| the product of two squares (1 + e^c)² stays finite.
constexpr double tame_bound = 150.0;

double largest(const ValuePair& pair) { return std::max(std::abs(pair[0]), std::abs(pair[1])); }

class SmoothUnits : public UnitLosses {
 public:
  SmoothUnits(const FixedNetwork& network, const DataSet& data, SampleMemory& memory)
      : network_(network) {
    const auto active = static_cast<Index>(network.active);
    const Index patterns = dimension(network.inputs + 2);
    // 4 networks per pattern, within limits: larger chunks share more patterns.
    chunk_ = active <= 1 ? 256 : std::clamp<Index>(4 * patterns, 256, 16384);
    rows_ = std::min(patterns, chunk_ * active);
    block_ = std::clamp<Index>(32768 / std::max<Index>(rows_, 1), 16, 256) / 8 * 8;

    std::vector<std::size_t> tame, wild;
    for (std::size_t s = 0; s < data.size(); ++s) {
      double output = 1.0;  // bound of a unit's output
      if (network.activation == Activation::relu) {
        output = largest(network.b1);
        for (const double x : data.row(s)) output += largest(network.w1) * std::abs(x);
      }
      const double c = largest(network.b2) + network.active * largest(network.w2) * output;
      (c <= tame_bound ? tame : wild).push_back(s);
    }
    tame_ = arrange(data, tame, true, memory);
    wild_ = arrange(data, wild, false, memory);
  }

  std::size_t chunk_networks() const override { return chunk_; }
  std::size_t workspace() const override {
    return (static_cast<std::size_t>(network_.inputs) + 2 + rows_) * block_ * sizeof(double);
  }

  void losses(const UnitChunk& chunk, std::byte* workspace, double* out) const override {
    const SmoothNetwork net = {network_.inputs,
                               network_.active,
                               network_.activation,
                               {network_.w1[0], network_.w1[1]},
                               {network_.w2[0], network_.w2[1]},
                               {network_.b1[0], network_.b1[1]},
                               block_};
    std::fill_n(out, 2 * chunk.networks, 0.0);
    HWY_DYNAMIC_DISPATCH(smooth_losses)
    (net, view(tame_), view(wild_), chunk, reinterpret_cast<double*>(workspace), out);
  }

 private:
  struct Samples {
    std::size_t count = 0;
    SharedArray<double> x, sign, bias[2];
  };

  static SmoothSamples view(const Samples& s) {
    return {s.count, s.x.data(), s.sign.data(), {s.bias[0].data(), s.bias[1].data()}};
  }

  Samples arrange(const DataSet& data, const std::vector<std::size_t>& chosen, bool tame,
                  SampleMemory& memory) const {
    Samples result;
    const std::size_t count = (chosen.size() + block_ - 1) / block_ * block_;
    const auto sign = [&](std::size_t i) { return data.labels[chosen[i]] ? 1.0 : -1.0; };
    result.count = count;
    result.x = memory.make<double>(static_cast<std::size_t>(network_.inputs) * count,
                                   [&](std::span<double> x) {
                                     for (std::size_t i = 0; i < chosen.size(); ++i) {
                                       const auto row = data.row(chosen[i]);
                                       for (std::size_t j = 0; j < row.size(); ++j)
                                         x[j * count + i] = row[j];
                                     }
                                   });
    result.sign = memory.make<double>(count, [&](std::span<double> signs) {
      for (std::size_t i = 0; i < chosen.size(); ++i) signs[i] = sign(i);
    });
    for (std::size_t v = 0; v < 2; ++v)
      result.bias[v] = memory.make<double>(count, [&](std::span<double> bias) {
        std::fill(bias.begin(), bias.end(), tame ? std::exp(tame_bound) : 700.0);
        for (std::size_t i = 0; i < chosen.size(); ++i)
          bias[i] = tame ? std::exp(sign(i) * network_.b2[v]) : sign(i) * network_.b2[v];
      });
    return result;
  }

  FixedNetwork network_;
  std::size_t chunk_ = 0, rows_ = 0, block_ = 0;
  Samples tame_, wild_;
};

}  // namespace

std::unique_ptr<UnitLosses> make_smooth_units(const FixedNetwork& network, const DataSet& data,
                                              SampleMemory& memory) {
  return std::make_unique<SmoothUnits>(network, data, memory);
}

}  // namespace qhn
#endif
