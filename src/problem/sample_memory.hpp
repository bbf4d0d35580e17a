#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "core/shared_array.hpp"
#include "problem/data.hpp"

namespace qhn {

/// Where the arrays of a problem lie that grow with its data. Here: in this process; the ranks of a
/// node may have a common one instead.
class SampleMemory {
 public:
  virtual ~SampleMemory() = default;

  /// `size` elements, zeros but for what `fill(std::span<T>)` writes. Processes with a common
  /// memory make the same arrays in the same order, and one of them fills each.
  template <class T, class Fill>
  SharedArray<T> make(std::size_t size, const Fill& fill) {
    if (size == 0) return {};
    std::shared_ptr<void> owner =
        place(size * sizeof(T), [&](void* p) { fill(std::span<T>(static_cast<T*>(p), size)); });
    const auto* begin = static_cast<const T*>(owner.get());
    return {std::move(owner), std::span<const T>(begin, size)};
  }

 protected:
  /// Bytes that are 0, aligned as allocate_aligned() does, after `fill`.
  virtual std::shared_ptr<void> place(std::size_t bytes, const std::function<void(void*)>& fill);
};

/// Makes or reads the data of a gaussian, images or csv problem.
DataSplit load_data(const ProblemOptions& options);

/// make_problem() of data that is there already, with whatever is derived from it in `memory`.
std::unique_ptr<Problem> make_problem(const ProblemOptions& options, DataSplit data,
                                      SampleMemory& memory);

/// What the data of a problem takes, in bytes.
struct DataBytes {
  double held = 0.0;     ///< training and test samples, and what is derived from them: once a node
  double loading = 0.0;  ///< at most meanwhile, by the rank of a node that reads them
};

/// An estimate from the sizes of the files, before they are read; the derived arrays are not in it.
DataBytes estimate_data_bytes(const ProblemOptions& options);
/// What so many samples take, with the arrays that the costs of `options`' networks need.
double data_bytes(const ProblemOptions& options, int inputs, std::size_t train, std::size_t test);

}  // namespace qhn
