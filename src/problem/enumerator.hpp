#pragma once

#include <memory>
#include <span>

#include "problem/data.hpp"
#include "problem/network.hpp"
#include "problem/sample_memory.hpp"

namespace qhn {

/// Computes the costs of all weights and biases of one FixedNetwork on one data set.
class Enumerator {
 public:
  virtual ~Enumerator() = default;
  /// Writes C(first), C(first + 1), … to `out`: any range inside [0, 2^bits). Each entry is
  /// bit-identical for any range and number of threads.
  virtual void costs(Index first, std::span<double> out) const = 0;
};

std::unique_ptr<Enumerator> make_logistic_enumerator(const FixedNetwork& network,
                                                     const DataSet& data, SampleMemory& memory);
std::unique_ptr<Enumerator> make_mlp_enumerator(const FixedNetwork& network, const DataSet& data,
                                                SampleMemory& memory);

}  // namespace qhn
