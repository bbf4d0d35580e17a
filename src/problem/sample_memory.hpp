#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "core/shared_array.hpp"
#include "problem/data.hpp"

namespace qhn {

/// Allocates the arrays of a problem that grow with its data: here in this process. Derived classes
/// can share them among the ranks of a node.
class SampleMemory {
 public:
  virtual ~SampleMemory() = default;

  /// Returns `size` elements: zeros except for what `fill(std::span<T>)` writes. Processes that
  /// share memory make the same arrays in the same order, and one of them fills each.
  template <class T, class Fill>
  SharedArray<T> make(std::size_t size, const Fill& fill) {
    if (size == 0) return {};
    std::shared_ptr<void> owner =
        place(size * sizeof(T), [&](void* p) { fill(std::span<T>(static_cast<T*>(p), size)); });
    const auto* begin = static_cast<const T*>(owner.get());
    return {std::move(owner), std::span<const T>(begin, size)};
  }

 protected:
  /// Zeroed bytes, aligned as by allocate_aligned(), after `fill`.
  virtual std::shared_ptr<void> place(std::size_t bytes, const std::function<void(void*)>& fill);
};

/// Makes or reads the data of a gaussian, images or csv problem.
DataSplit load_data(const ProblemOptions& options);

/// make_problem() for data already loaded; the arrays derived from it go to `memory`.
std::unique_ptr<Problem> make_problem(const ProblemOptions& options, DataSplit data,
                                      SampleMemory& memory);

/// Memory of the data of a problem, in bytes.
struct DataBytes {
  double held = 0.0;     ///< training and test samples and arrays derived from them, once per node
  double loading = 0.0;  ///< peak while loading, on the rank of a node that reads them
};

/// Estimate from the sizes of the files, before they are read; excludes derived arrays.
DataBytes estimate_data_bytes(const ProblemOptions& options);
/// Bytes of `train` and `test` samples, with the arrays that the costs of `options` need.
double data_bytes(const ProblemOptions& options, int inputs, std::size_t train, std::size_t test);

}  // namespace qhn
