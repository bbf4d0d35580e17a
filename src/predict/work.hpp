#pragma once

#include "circuit/program.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// What one evaluation executes. Flops: additions and multiplications of the vector kernels, a
/// fused multiply-add counts two; angles and the folding of small sums are left out. Bytes: of
/// arrays too large for the first-level cache, read or written, once for every trip over them.
struct Work {
  double flops = 0.0;
  double bytes = 0.0;
  double popcounts = 0.0;  ///< of 64-bit words, for what could be done by counting bits alone
  double exchanged = 0.0;  ///< bytes sent by the ranks that hold a state together

  Work& operator+=(const Work& other);
  friend Work operator+(Work a, const Work& b) { return a += b; }
  friend Work operator*(double factor, Work w) {
    return {factor * w.flops, factor * w.bytes, factor * w.popcounts, factor * w.exchanged};
  }
};

/// One run of a register's program forward, and the way back through φ and λ. Phases must be
/// separable (no Rzz). `groups`: of branches, gradient/cut_engine.hpp.
Work forward_work(const Program& program, int groups = 1);
Work backward_work(const Program& program, int groups = 1);

/// The cut that the engine makes; no high qubits: the sweep engine.
CutCircuit planned_cut(const Circuit& circuit, EngineKind kind);

/// Between the two: E(θ) = Σ C |φ|² over a register that is not cut, and λ = C φ for the gradient.
Work diagonal_work(int qubits, bool gradient);

/// An evaluation by the cut engine, of a rank that holds one of `ranks` equal parts of the rows.
Work cut_work(const CutCircuit& cut, bool gradient, int ranks = 1);

/// E(θ) without and with gradient: by the engine that `kind` stands for, or by the sweep engine
/// from a start state of its own. Double precision; `block_qubits` as in EngineOptions.
Work expectation_work(const Circuit& circuit, EngineKind kind, bool own_start = false,
                      int block_qubits = 0);
Work gradient_work(const Circuit& circuit, EngineKind kind, bool own_start = false,
                   int block_qubits = 0);
/// most_probable(θ) after an evaluation at the same angles, as an optimiser asks for it.
Work most_probable_work(const Circuit& circuit, EngineKind kind, int block_qubits = 0);

}  // namespace qhn
