// Vector types and helpers of the kernels, compiled once for every instruction set: a kernel's
// source includes this after <hwy/foreach_target.h>. The guard alternates with each set.
#if defined(QHN_ENGINE_VECTORS_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef QHN_ENGINE_VECTORS_HPP
#undef QHN_ENGINE_VECTORS_HPP
#else
#define QHN_ENGINE_VECTORS_HPP
#endif

#include <hwy/highway.h>

#include <type_traits>

#include "core/types.hpp"
#include "core/unroll.hpp"

// Highway finds the kernel of the level in force by a plain name. QHN_INSTANCES, within
// HWY_NAMESPACE, gives KERNEL<double> and KERNEL<float> the names KERNELF64 and KERNELF32;
// QHN_EXPORT, once per file, makes them known to HWY_DYNAMIC_DISPATCH.
#ifndef QHN_INSTANCES
#define QHN_INSTANCES(KERNEL)                          \
  static constexpr auto& KERNEL##F64 = KERNEL<double>; \
  static constexpr auto& KERNEL##F32 = KERNEL<float>;
#define QHN_EXPORT(KERNEL) \
  HWY_EXPORT(KERNEL##F64); \
  HWY_EXPORT(KERNEL##F32);
#endif

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr bool kManyRegisters = true;  // 32 vector registers instead of 16
#else
constexpr bool kManyRegisters = false;
#endif

template <class T>
using Wide = hn::ScalableTag<T>;
template <class T>
using Single = hn::CappedTag<T, 1>;

/// A template argument that a lambda can take.
template <int N>
using Constant = std::integral_constant<int, N>;

/// Calls body(d, x) for x = 0, lanes, 2 lanes … below length.
template <class T, class Body>
HWY_INLINE void Over(Index length, Body body) {
  const Wide<T> d;
  if (length < hn::Lanes(d)) {
    for (Index x = 0; x < length; ++x) body(Single<T>(), x);
  } else {
    for (Index x = 0; x < length; x += hn::Lanes(d)) body(d, x);
  }
}

template <class D, class V>
HWY_INLINE hn::TFromD<D> Sum(D d, V v) {
  return hn::GetLane(hn::SumOfLanes(d, v));
}

/// (a, b) ← (c a − s b, s a + c b): Ry on a pair of amplitudes, or the complex product of a + i b
/// and c + i s. With a and b exchanged it is the inverse: (b, a) ← (c b − s a, s b + c a).
template <class V>
HWY_INLINE void Turn(V c, V s, V& a, V& b) {
  const V a0 = a;
  a = hn::NegMulAdd(s, b, hn::Mul(c, a0));
  b = hn::MulAdd(s, a0, hn::Mul(c, b));
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
