#include "engine/diagonal_cost.hpp"

#include <algorithm>
#include <type_traits>

#include "engine/amplitude_kernels.hpp"

namespace qhn {
namespace {

constexpr Index piece = Index{1} << 14;  // amplitudes that a thread processes at a time

}  // namespace

template <class T>
DiagonalCost<T>::DiagonalCost(std::span<const double> cost, int threads)
    : threads_(threads),
      pieces_(cost.size(), piece, cost.size()),
      partial_(pieces_.count),
      best_(pieces_.count) {
  if constexpr (std::is_same_v<T, double>) {
    cost_ = cost.data();
  } else {
    own_.assign(cost.begin(), cost.end());
    cost_ = own_.data();
  }
}

template <class T>
double DiagonalCost<T>::expectation(const T* phi) {
  for_chunks(pieces_, threads_, [&](Index p) {
    const Index at = pieces_.begin(p);
    partial_[p] = weighted_norm(cost_ + at, phi + at, phi + size() + at, pieces_.end(p) - at);
  });
  return sum();
}

template <class T>
double DiagonalCost<T>::apply(const T* phi, T* lambda) {
  for_chunks(pieces_, threads_, [&](Index p) {
    const Index at = pieces_.begin(p), count = pieces_.end(p) - at;
    partial_[p] = weighted_norm(cost_ + at, phi + at, phi + size() + at, count);
    std::copy_n(phi + at, count, lambda + at);
    std::copy_n(phi + size() + at, count, lambda + size() + at);
    scale_pair(cost_ + at, count, lambda + at, lambda + size() + at);
  });
  return sum();
}

template <class T>
MostProbable DiagonalCost<T>::most_probable(T* phi) {
  for_chunks(pieces_, threads_, [&](Index p) {
    const Index at = pieces_.begin(p), count = pieces_.end(p) - at;
    T* re = phi + at;
    norms(re, re + size(), count);
    const T most = largest(re, count);
    best_[p] = {at + static_cast<Index>(std::find(re, re + count, most) - re),
                static_cast<double>(most)};
  });
  MostProbable best = best_[0];
  for (const MostProbable& b : best_)
    if (b.probability > best.probability) best = b;
  return best;
}

template <class T>
double DiagonalCost<T>::sum() const {
  double sum = 0.0;
  for (double p : partial_) sum += p;
  return sum;
}

template class DiagonalCost<double>;
template class DiagonalCost<float>;

}  // namespace qhn
