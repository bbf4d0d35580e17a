#include "perf/loops.hpp"

#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "perf/loops.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Left to the compiler to vectorize, at the baseline or at this level.
void PlainPass(double* HWY_RESTRICT re, double* HWY_RESTRICT im, Index begin, Index end, double c,
               double s) {
  for (Index i = begin; i < end; ++i) {
    const double a = re[i], b = im[i];
    re[i] = a * c - b * s;
    im[i] = a * s + b * c;
  }
}

template <std::size_t Width, int Unroll>
void Pass(double* HWY_RESTRICT re, double* HWY_RESTRICT im, Index begin, Index end, double c,
          double s) {
  const hn::CappedTag<double, Width> d;
  const auto cosine = hn::Set(d, c), sine = hn::Set(d, s);
  const Index lanes = hn::Lanes(d);
  for (Index i = begin; i < end; i += Unroll * lanes) {
    hn::Vec<decltype(d)> a[Unroll], b[Unroll];
    for (int u = 0; u < Unroll; ++u) {
      a[u] = hn::Load(d, re + i + u * lanes);
      b[u] = hn::Load(d, im + i + u * lanes);
    }
    for (int u = 0; u < Unroll; ++u) {
      hn::Store(hn::NegMulAdd(b[u], sine, hn::Mul(a[u], cosine)), d, re + i + u * lanes);
      hn::Store(hn::MulAdd(a[u], sine, hn::Mul(b[u], cosine)), d, im + i + u * lanes);
    }
  }
}

/// Real and imaginary parts in alternating groups of 8.
template <int Unroll>
void PairedPass(double* HWY_RESTRICT data, double*, Index begin, Index end, double c, double s) {
  const hn::CappedTag<double, 8> d;
  const auto cosine = hn::Set(d, c), sine = hn::Set(d, s);
  const Index lanes = hn::Lanes(d);
  for (Index group = begin / 8; group < end / 8; group += Unroll)
    for (int u = 0; u < Unroll; ++u) {
      double* p = data + 16 * (group + u);
      for (Index l = 0; l < 8; l += lanes) {
        const auto a = hn::Load(d, p + l), b = hn::Load(d, p + 8 + l);
        hn::Store(hn::NegMulAdd(b, sine, hn::Mul(a, cosine)), d, p + l);
        hn::Store(hn::MulAdd(a, sine, hn::Mul(b, cosine)), d, p + 8 + l);
      }
    }
}

template <bool Stream>
void Scale(const double* HWY_RESTRICT from, double* HWY_RESTRICT to, Index begin, Index end,
           double factor) {
  const hn::ScalableTag<double> d;
  const auto f = hn::Set(d, factor);
  const Index lanes = hn::Lanes(d);
  for (Index i = begin; i < end; i += 2 * lanes) {
    const auto a = hn::Mul(f, hn::Load(d, from + i));
    const auto b = hn::Mul(f, hn::Load(d, from + i + lanes));
    if (Stream) {
      hn::Stream(a, d, to + i);
      hn::Stream(b, d, to + i + lanes);
    } else {
      hn::Store(a, d, to + i);
      hn::Store(b, d, to + i + lanes);
    }
  }
  if (Stream) hwy::FlushStream();
}

template <int Vectors>
void Fma(double* x, double a, double b, Index steps) {
  const hn::CappedTag<double, 8> d;
  const Index lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, a), term = hn::Set(d, b);
  hn::Vec<decltype(d)> v[Vectors];
  for (int k = 0; k < Vectors; ++k) v[k] = hn::Load(d, x + k * lanes);
  for (Index i = 0; i < steps; ++i)
    for (int k = 0; k < Vectors; ++k) v[k] = hn::MulAdd(v[k], factor, term);
  for (int k = 0; k < Vectors; ++k) hn::Store(v[k], d, x + k * lanes);
}

int FmaLanes() { return static_cast<int>(hn::Lanes(hn::CappedTag<double, 8>())); }

std::uint64_t CountCommonBits(const std::uint64_t* a, const std::uint64_t* b, Index words) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const Index lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for (Index i = 0; i < words; i += 4 * lanes)
    for (Index u = 0; u < 4; ++u)
      sum[u] = hn::Add(sum[u], hn::PopulationCount(hn::And(hn::Load(d, a + i + u * lanes),
                                                           hn::Load(d, b + i + u * lanes))));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]))));
}

std::vector<PassLoop> PassLoops() {
  return {
      {"plain loop", false, PlainPass},       {"planes, 4 lanes, unrolled 2", false, Pass<4, 2>},
      {"planes, 8 lanes", false, Pass<8, 1>}, {"planes, 8 lanes, unrolled 4", false, Pass<8, 4>},
      {"pairs of 8", true, PairedPass<1>},    {"pairs of 8, unrolled 4", true, PairedPass<4>}};
}

std::vector<ScaleLoop> ScaleLoops() {
  return {{"stores", Scale<false>}, {"streaming stores", Scale<true>}};
}

std::vector<FmaLoop> FmaLoops() {
  const int lanes = FmaLanes();
  return {{"12 chains", 12 * lanes, Fma<12>},
          {"16 chains", 16 * lanes, Fma<16>},
          {"24 chains", 24 * lanes, Fma<24>}};
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

HWY_EXPORT(PassLoops);
HWY_EXPORT(ScaleLoops);
HWY_EXPORT(FmaLoops);
HWY_EXPORT(CountCommonBits);

std::span<const PassLoop> pass_loops() {
  static const std::vector<PassLoop> loops = HWY_DYNAMIC_DISPATCH(PassLoops)();
  return loops;
}

std::span<const ScaleLoop> scale_loops() {
  static const std::vector<ScaleLoop> loops = HWY_DYNAMIC_DISPATCH(ScaleLoops)();
  return loops;
}

std::span<const FmaLoop> fma_loops() {
  static const std::vector<FmaLoop> loops = HWY_DYNAMIC_DISPATCH(FmaLoops)();
  return loops;
}

std::uint64_t count_common_bits(const std::uint64_t* a, const std::uint64_t* b, Index words) {
  return HWY_DYNAMIC_DISPATCH(CountCommonBits)(a, b, words);
}

}  // namespace qhn
#endif
