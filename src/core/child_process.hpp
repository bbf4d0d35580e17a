#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>

namespace qhn {

/// A child process died by its own fault: "Segmentation fault", "not finished after 10 s of CPU
/// time", "it needed more than 1073741824 bytes of memory".
class ChildDied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ChildLimits {
  double step_seconds;  ///< CPU time between two calls of go_on, s
  std::uint64_t bytes;  ///< memory beyond what this process has mapped
};

/// Tries `work` in a child process, for libraries that crash or hang on a damaged file. Its results
/// are lost; call `work` again after this returns. Throws what `work` threw (InputError, else
/// RunError with the same message), or ChildDied.
///
/// `work` must call its argument, go_on, between its parts. The child has only the calling thread:
/// `work` must not use OpenMP or MPI. Returns without a verdict if no process can be started, if
/// another process's signal ends it, or if it uses no CPU time for a minute.
void try_in_child(const std::function<void(const std::function<void()>& go_on)>& work,
                  const ChildLimits& limits);

}  // namespace qhn
