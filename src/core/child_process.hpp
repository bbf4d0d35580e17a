#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>

namespace qhn {

/// A child process that died of what it did: "Segmentation fault", "no end after 10 s of
/// computing", "it asked for more than 1073741824 bytes of memory".
class ChildDied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ChildLimits {
  double step_seconds;  ///< of CPU time between two calls of go_on
  std::uint64_t bytes;  ///< of memory beyond what this process has mapped
};

/// Runs `work` in a child process, for a library that can crash or never return on a damaged file:
/// all that `work` does there is lost, so call it again where this returns. Throws what `work`
/// threw (InputError, else RunError with the same words), or ChildDied.
///
/// `work` calls the function it is given, go_on, between its parts. The child has the calling
/// thread alone: no OpenMP and no MPI in `work`. Nothing is tried, and this returns, where no
/// process can be started, where it ends through another's signal, or where it has not computed for
/// a minute.
void try_in_child(const std::function<void(const std::function<void()>& go_on)>& work,
                  const ChildLimits& limits);

}  // namespace qhn
