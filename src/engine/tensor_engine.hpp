#pragma once

#include <memory>
#include <span>

#include "engine/engine.hpp"
#include "engine/pauli_chain.hpp"

namespace qhn {

/// Numbers that make_tensor_engine() holds, the table excluded.
double tensor_engine_elements(const ChainPlan& plan);

/// E = Σ_w ⟨w|ρ|w⟩ C(w) of a circuit with noise, exactly. The chain of tensors (pauli_chain.hpp) is
/// contracted to the probabilities of both halves of the bits, L_k[low] and R_k[high], k over the
/// middle bond of χ values:
///   p[high, low] = Σ_k R_k[high] L_k[low],  E = Σ_k Σ_high R_k (C L_k),
/// so the gradient needs C L_k and R_k C, two dense products with the table, and both half chains
/// backward. The probabilities themselves are never stored.
std::unique_ptr<Engine> make_tensor_engine(std::shared_ptr<const ChainPlan> plan,
                                           std::span<const double> cost,
                                           const EngineOptions& options);

}  // namespace qhn
