#pragma once

#include <fmt/format.h>

#include <string>

#include "run_qhn.hpp"

namespace qhn {

/// An experiment of milliseconds a restart; restarts.count may follow.
inline const char* const tiny = R"(
[problem]
kind = "gaussian"
train_samples = 100
test_samples = 10
[network]
hidden = 2
[circuit]
family = "linear"
sublayers = 4
[restarts]
seed = 7
keep_angles = true
)";
/// The same, whose restarts keep all that they can keep.
inline const std::string keeping = std::string(tiny) + "keep_history = true\nkeep_scores = true\n";

/// mpirun with so many ranks (compile definition QHN_MPIRUN), to stand before the program.
inline std::string mpirun(int ranks) { return fmt::format("{}{} ", QHN_MPIRUN, ranks); }

}  // namespace qhn
