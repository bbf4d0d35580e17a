#pragma once

#include <functional>

namespace qhn {

/// Throws InputError where OMP_NUM_THREADS (a number, or a list of them, one for each level) or
/// OMP_THREAD_LIMIT holds what OpenMP would take for another number, or ignore. `environment` is
/// std::getenv but for tests.
void check_thread_environment(const std::function<const char*(const char*)>& environment);

}  // namespace qhn
