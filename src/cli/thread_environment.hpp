#pragma once

#include <functional>

namespace qhn {

/// Throws InputError if OMP_NUM_THREADS (a number, or a list with one for each nesting level) or
/// OMP_THREAD_LIMIT has a value that OpenMP would misread or ignore. `environment` is std::getenv,
/// except in tests.
void check_thread_environment(const std::function<const char*(const char*)>& environment);

}  // namespace qhn
