#include "engine/amplitude_kernels.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/amplitude_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

template <class T>
void ScalePair(const T* cost, Index columns, T* re, T* im) {
  Over<T>(columns, [&](auto d, Index x) HWY_ATTR {
    const auto c = hn::LoadU(d, cost + x);
    hn::Store(hn::Mul(c, hn::Load(d, re + x)), d, re + x);
    hn::Store(hn::Mul(c, hn::Load(d, im + x)), d, im + x);
  });
}

template <class T>
void Norms(T* re, const T* im, Index columns) {
  Over<T>(columns, [&](auto d, Index x) HWY_ATTR {
    const auto a = hn::Load(d, re + x), b = hn::Load(d, im + x);
    hn::Store(hn::MulAdd(b, b, hn::Mul(a, a)), d, re + x);
  });
}

template <class T>
T Largest(const T* values, Index columns) {
  const Wide<T> wide;
  if (columns < hn::Lanes(wide)) return *std::max_element(values, values + columns);
  auto best = hn::Load(wide, values);
  for (Index x = 0; x < columns; x += hn::Lanes(wide))
    best = hn::Max(best, hn::Load(wide, values + x));
  return hn::GetLane(hn::MaxOfLanes(wide, best));
}

template <class T>
double WeightedNorm(const T* cost, const T* re, const T* im, Index columns) {
  const Wide<T> wide;
  if (columns < hn::Lanes(wide)) {
    double sum = 0.0;
    for (Index x = 0; x < columns; ++x)
      sum += static_cast<double>(cost[x]) * static_cast<double>(re[x] * re[x] + im[x] * im[x]);
    return sum;
  }
  auto sum = hn::Zero(wide);
  for (Index x = 0; x < columns; x += hn::Lanes(wide)) {
    const auto a = hn::Load(wide, re + x), b = hn::Load(wide, im + x);
    sum = hn::MulAdd(hn::LoadU(wide, cost + x), hn::MulAdd(b, b, hn::Mul(a, a)), sum);
  }
  return static_cast<double>(Sum(wide, sum));
}

QHN_INSTANCES(ScalePair)
QHN_INSTANCES(Norms)
QHN_INSTANCES(Largest)
QHN_INSTANCES(WeightedNorm)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(ScalePair)
QHN_EXPORT(Norms)
QHN_EXPORT(Largest)
QHN_EXPORT(WeightedNorm)

#define QHN_DISPATCH(T, S)                                                          \
  template <>                                                                       \
  void scale_pair<T>(const T* cost, Index columns, T* re, T* im) {                  \
    HWY_DYNAMIC_DISPATCH(ScalePair##S)(cost, columns, re, im);                      \
  }                                                                                 \
  template <>                                                                       \
  void norms<T>(T * re, const T* im, Index columns) {                               \
    HWY_DYNAMIC_DISPATCH(Norms##S)(re, im, columns);                                \
  }                                                                                 \
  template <>                                                                       \
  T largest<T>(const T* values, Index columns) {                                    \
    return HWY_DYNAMIC_DISPATCH(Largest##S)(values, columns);                       \
  }                                                                                 \
  template <>                                                                       \
  double weighted_norm<T>(const T* cost, const T* re, const T* im, Index columns) { \
    return HWY_DYNAMIC_DISPATCH(WeightedNorm##S)(cost, re, im, columns);            \
  }
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
