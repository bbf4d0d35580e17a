#include "engine/phase_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/phase_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

template <class T>
void PhaseProducts(const T* cosine, const T* sine, int count, T* re, T* im) {
  const Wide<T> d;
  const Index lanes = hn::Lanes(d);
  for (int q = 0; q < count; ++q) {
    const Index size = Index{1} << q;
    if (size < lanes) {
      for (Index x = 0; x < size; ++x) {
        re[size + x] = re[x] * cosine[q] - im[x] * sine[q];
        im[size + x] = re[x] * sine[q] + im[x] * cosine[q];
      }
      continue;
    }
    const auto c = hn::Set(d, cosine[q]), s = hn::Set(d, sine[q]);
    for (Index x = 0; x < size; x += lanes) {
      auto a = hn::Load(d, re + x), b = hn::Load(d, im + x);
      Turn(c, s, a, b);
      hn::Store(a, d, re + size + x);
      hn::Store(b, d, im + size + x);
    }
  }
}

template <class D, class T>
void ApplyPhaseRows(D d, const PhaseTable<T>& t, T* HWY_RESTRICT data, int branches, Index begin,
                    Index end) {
  const Index columns = Index{1} << t.low_bits, plane = Index{1} << t.qubits;
  const Index lanes = hn::Lanes(d);
  for (Index r = begin; r < end; ++r) {
    const auto hr = hn::Set(d, t.high_re[r]), hi = hn::Set(d, t.high_im[r]);
    for (Index x = 0; x < columns; x += lanes) {
      auto c = hn::Load(d, t.low_re + x), s = hn::Load(d, t.low_im + x);
      Turn(hr, hi, c, s);
      T* p = data + (r << t.low_bits) + x;
      for (int b = 0; b < branches; ++b, p += 2 * plane) {
        auto re = hn::Load(d, p), im = hn::Load(d, p + plane);
        Turn(c, s, re, im);
        hn::Store(re, d, p);
        hn::Store(im, d, p + plane);
      }
    }
  }
}

template <class T>
void ApplyPhase(const PhaseTable<T>& t, T* data, int branches, Index begin, Index end) {
  if ((Index{1} << t.low_bits) < hn::Lanes(Wide<T>()))
    ApplyPhaseRows(Single<T>(), t, data, branches, begin, end);
  else
    ApplyPhaseRows(Wide<T>(), t, data, branches, begin, end);
}

template <class D, class T>
void UnapplyPhaseRows(D d, const PhaseTable<T>& t, T* HWY_RESTRICT phi, T* HWY_RESTRICT lambda,
                      int branches, Index begin, Index end, T* HWY_RESTRICT column, double* row) {
  const Index columns = Index{1} << t.low_bits, plane = Index{1} << t.qubits;
  const Index lanes = hn::Lanes(d);
  for (Index r = begin; r < end; ++r) {
    const auto hr = hn::Set(d, t.high_re[r]), hi = hn::Set(d, t.high_im[r]);
    auto row_sum = hn::Zero(d);
    for (Index x = 0; x < columns; x += lanes) {
      auto c = hn::Load(d, t.low_re + x), s = hn::Load(d, t.low_im + x);
      Turn(hr, hi, c, s);
      auto product = hn::Zero(d);
      const Index at = (r << t.low_bits) + x;
      for (int b = 0; b < branches; ++b) {
        T* pf = phi + at + static_cast<Index>(2 * b) * plane;
        T* pg = lambda + at + static_cast<Index>(2 * b) * plane;
        auto fr = hn::Load(d, pf), fi = hn::Load(d, pf + plane);
        auto gr = hn::Load(d, pg), gi = hn::Load(d, pg + plane);
        product = hn::MulAdd(gr, fi, product);
        product = hn::NegMulAdd(gi, fr, product);
        Turn(c, s, fi, fr);
        Turn(c, s, gi, gr);
        hn::Store(fr, d, pf);
        hn::Store(fi, d, pf + plane);
        hn::Store(gr, d, pg);
        hn::Store(gi, d, pg + plane);
      }
      row_sum = hn::Add(row_sum, product);
      hn::Store(hn::Add(hn::Load(d, column + x), product), d, column + x);
    }
    row[r] = static_cast<double>(Sum(d, row_sum));
  }
}

template <class T>
void UnapplyPhase(const PhaseTable<T>& t, T* phi, T* lambda, int branches, Index begin, Index end,
                  T* column, double* row) {
  if ((Index{1} << t.low_bits) < hn::Lanes(Wide<T>()))
    UnapplyPhaseRows(Single<T>(), t, phi, lambda, branches, begin, end, column, row);
  else
    UnapplyPhaseRows(Wide<T>(), t, phi, lambda, branches, begin, end, column, row);
}

QHN_INSTANCES(PhaseProducts)
QHN_INSTANCES(ApplyPhase)
QHN_INSTANCES(UnapplyPhase)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(PhaseProducts)
QHN_EXPORT(ApplyPhase)
QHN_EXPORT(UnapplyPhase)

#define QHN_DISPATCH(T, S)                                                                     \
  template <>                                                                                  \
  void phase_products<T>(const T* c, const T* s, int count, T* re, T* im) {                    \
    HWY_DYNAMIC_DISPATCH(PhaseProducts##S)(c, s, count, re, im);                               \
  }                                                                                            \
  template <>                                                                                  \
  void apply_phase<T>(const PhaseTable<T>& t, T* data, int branches, Index begin, Index end) { \
    HWY_DYNAMIC_DISPATCH(ApplyPhase##S)(t, data, branches, begin, end);                        \
  }                                                                                            \
  template <>                                                                                  \
  void unapply_phase<T>(const PhaseTable<T>& t, T* phi, T* lambda, int branches, Index begin,  \
                        Index end, T* column, double* row) {                                   \
    HWY_DYNAMIC_DISPATCH(UnapplyPhase##S)(t, phi, lambda, branches, begin, end, column, row);  \
  }
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
