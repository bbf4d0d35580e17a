#pragma once

#include <ctime>

namespace qhn {

/// Seconds of a POSIX clock.
inline double read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace qhn
