#include "record/record.hpp"

namespace qhn {

const char* to_string(Status status) {
  switch (status) {
    case Status::converged:
      return "converged";
    case Status::iteration_limit:
      return "iteration_limit";
    case Status::stalled_line_search:
      return "stalled_line_search";
    case Status::diverged:
      return "diverged";
  }
  return "unknown";
}

}  // namespace qhn
