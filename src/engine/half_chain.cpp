#include "engine/half_chain.hpp"

#include <algorithm>

#include "engine/tile_kernels.hpp"

namespace qhn {

HalfChain::HalfChain(const ChainPlan& plan, bool low) : low_(low) {
  const int count = low ? plan.middle : plan.qubits - plan.middle;
  levels_.emplace_back(1, 1.0);
  Index largest = 1, largest_site = 1;
  for (int k = 0; k < count; ++k) {
    const int q = low ? k : plan.qubits - 1 - k;
    const Index left = plan.bonds[static_cast<std::size_t>(q)];
    const Index right = plan.bonds[static_cast<std::size_t>(q) + 1];
    Site site{
        q, low ? left : right, low ? right : left, plan.readout[static_cast<std::size_t>(q)], {},
        {}};
    site.by_inner.resize(2 * left * right);
    site.by_outer.resize(2 * left * right);
    const Index size = site.inner * dimension(k + 1);
    levels_.emplace_back(size);
    largest = std::max(largest, size);
    largest_site = std::max(largest_site, 2 * left * right);
    sites_.push_back(std::move(site));
  }
  split_.resize(largest);
  derivative_.resize(largest);
  next_.resize(largest);
  by_inner_derivative_.resize(largest_site);
}

void HalfChain::read_tensor(const PauliChain& chain, Site& site) {
  const auto identity = chain.tensor(site.qubit, 0), z = chain.tensor(site.qubit, 3);
  const Index size = site.outer * site.inner;
  const auto [wrong_one, wrong_zero] = site.readout;
  for (Index o = 0; o < site.outer; ++o)
    for (Index i = 0; i < site.inner; ++i) {
      const Index at = low_ ? o * site.inner + i : i * site.outer + o;
      const double zero = identity[at] + z[at], one = identity[at] - z[at];
      const double read[] = {(1.0 - wrong_one) * zero + wrong_zero * one,
                             wrong_one * zero + (1.0 - wrong_zero) * one};
      for (Index b = 0; b < 2; ++b) {
        site.by_inner[b * size + i * site.outer + o] = read[b];
        site.by_outer[b * size + o * site.inner + i] = read[b];
      }
    }
}

void HalfChain::write_adjoint(PauliChain& chain, const Site& site) {
  const auto identity = chain.adjoint(site.qubit, 0), z = chain.adjoint(site.qubit, 3);
  std::ranges::fill(chain.adjoint(site.qubit, 1), 0.0);
  std::ranges::fill(chain.adjoint(site.qubit, 2), 0.0);
  const double* read_zero = by_inner_derivative_.data();
  const double* read_one = read_zero + site.outer * site.inner;
  const auto [wrong_one, wrong_zero] = site.readout;
  for (Index o = 0; o < site.outer; ++o)
    for (Index i = 0; i < site.inner; ++i) {
      const Index at = low_ ? o * site.inner + i : i * site.outer + o;
      const double by_zero = read_zero[i * site.outer + o], by_one = read_one[i * site.outer + o];
      const double zero = (1.0 - wrong_one) * by_zero + wrong_one * by_one;
      const double one = wrong_zero * by_zero + (1.0 - wrong_zero) * by_one;
      identity[at] = zero + one;
      z[at] = zero - one;
    }
}

void HalfChain::forward(const PauliChain& chain) {
  Index bits = 1;  // strings of the bits so far
  for (std::size_t k = 0; k < sites_.size(); ++k, bits *= 2) {
    Site& site = sites_[k];
    read_tensor(chain, site);
    double* to = low_ ? levels_[k + 1].data() : split_.data();
    std::fill_n(to, site.inner * 2 * bits, 0.0);
    const Tile<double> tile{0, site.outer, bits, bits};
    for (Index b = 0; b < 2; ++b)
      reduce_rows(tile, levels_[k].data(), static_cast<int>(site.inner),
                  site.by_inner.data() + b * site.inner * site.outer, site.outer, to + b * bits,
                  2 * bits);
    if (low_) continue;
    for (Index i = 0; i < site.inner; ++i)  // the new bit is the lowest
      for (Index w = 0; w < bits; ++w)
        for (Index b = 0; b < 2; ++b)
          levels_[k + 1][(i * bits + w) * 2 + b] = split_[(i * 2 + b) * bits + w];
  }
}

void HalfChain::backward(std::span<const double> derivative, PauliChain& chain) {
  std::ranges::copy(derivative, derivative_.begin());
  Index bits = dimension(static_cast<int>(sites_.size()));
  for (std::size_t k = sites_.size(); k-- > 0;) {
    const Site& site = sites_[k];
    bits /= 2;
    const double* from = derivative_.data();
    if (!low_) {
      for (Index i = 0; i < site.inner; ++i)
        for (Index w = 0; w < bits; ++w)
          for (Index b = 0; b < 2; ++b)
            split_[(i * 2 + b) * bits + w] = derivative_[(i * bits + w) * 2 + b];
      from = split_.data();
    }
    const Index size = site.inner * site.outer;
    std::fill_n(by_inner_derivative_.data(), 2 * size, 0.0);
    std::fill_n(next_.data(), site.outer * bits, 0.0);
    for (Index b = 0; b < 2; ++b) {
      reduce_columns(Tile<double>{0, site.outer, bits, bits}, levels_[k].data(),
                     static_cast<int>(site.inner), from + b * bits, 2 * bits,
                     by_inner_derivative_.data() + b * size, site.outer);
      reduce_rows(Tile<double>{0, site.inner, bits, 2 * bits}, from + b * bits,
                  static_cast<int>(site.outer), site.by_outer.data() + b * size, site.inner,
                  next_.data(), bits);
    }
    write_adjoint(chain, site);
    std::swap(derivative_, next_);
  }
}

std::size_t HalfChain::bytes() const {
  std::size_t numbers =
      split_.size() + derivative_.size() + next_.size() + by_inner_derivative_.size();
  for (const auto& level : levels_) numbers += level.size();
  for (const Site& site : sites_) numbers += site.by_inner.size() + site.by_outer.size();
  return numbers * sizeof(double);
}

}  // namespace qhn
