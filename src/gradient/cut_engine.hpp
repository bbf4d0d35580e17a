#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "circuit/program.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// The engine for a cut circuit (circuit/program.hpp), uncut ones included. With ψ = Σ_k A_k ⊗ B_k,
///   E = Σ_{h,l} C[h,l] |ψ[h,l]|²,  λ_A,k[h] = Σ_l C ψ B_k*,  λ_B,k[l] = Σ_h C ψ A_k*,
/// so one evaluation is: both registers forward, dense products of C with their branches, both
/// registers backward from λ_A and λ_B. The state itself is never stored. Up to four branches the
/// products are taken with the real pair products A_k* A_l, B_k* B_l (2 χ² multiply-adds per entry
/// of C); beyond that tiles of ψ are formed and used at once (12 χ). C is read from memory once.
/// Threads share blocks of C; in the registers, where branches do not see each other between two
/// branchings, groups of branches.
std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost, const EngineOptions& options);

/// Groups of branches that may run at once in each register: a matter of size, not of threads. The
/// phase factors are computed once for each group.
int branch_groups(const CutCircuit& cut);

/// Bytes such an engine holds.
std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options);

}  // namespace qhn
