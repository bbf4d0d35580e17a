// Highway's scalar target with a counter in every arithmetic operation: found before the real header
// where the kernels are compiled for test_work.cpp.
#pragma GCC system_header
#include_next <hwy/highway.h>

#ifndef QHN_COUNTING_HIGHWAY
#define QHN_COUNTING_HIGHWAY

#include <cstdint>
#include <type_traits>

namespace qhn {
inline std::uint64_t counted_flops = 0;  // a fused multiply-add counts two
}

namespace hwy {
namespace N_COUNTING {

using namespace N_SCALAR;

template <class V>
void count(unsigned flops) {
  if (std::is_floating_point_v<TFromV<V>>) qhn::counted_flops += flops;
}

#define QHN_COUNT_UNARY(OP)     \
  template <class V>            \
  V OP(V a) {                   \
    count<V>(1);                \
    return N_SCALAR::OP(a);     \
  }
#define QHN_COUNT_BINARY(OP)    \
  template <class V>            \
  V OP(V a, V b) {              \
    count<V>(1);                \
    return N_SCALAR::OP(a, b);  \
  }
#define QHN_COUNT_FUSED(OP)        \
  template <class V>               \
  V OP(V a, V b, V c) {            \
    count<V>(2);                   \
    return N_SCALAR::OP(a, b, c);  \
  }
QHN_COUNT_UNARY(Sqrt)
QHN_COUNT_BINARY(Add)
QHN_COUNT_BINARY(Sub)
QHN_COUNT_BINARY(Mul)
QHN_COUNT_BINARY(Div)
QHN_COUNT_FUSED(MulAdd)
QHN_COUNT_FUSED(NegMulAdd)
QHN_COUNT_FUSED(MulSub)
QHN_COUNT_FUSED(NegMulSub)

}  // namespace N_COUNTING
}  // namespace hwy

#undef HWY_NAMESPACE
#define HWY_NAMESPACE N_COUNTING
#undef HWY_STATIC_DISPATCH
#define HWY_STATIC_DISPATCH(FUNCTION) N_COUNTING::FUNCTION

#endif
