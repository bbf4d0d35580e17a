#pragma once

#include <memory>
#include <span>

#include "engine/engine.hpp"

namespace qhn {

/// Gate-by-gate adjoint differentiation on the reference state: slow and simple, for tests and for
/// checking the fast engines in a run (`--engine reference`).
std::unique_ptr<Engine> make_reference_engine(const Circuit& circuit, std::span<const double> cost);

}  // namespace qhn
