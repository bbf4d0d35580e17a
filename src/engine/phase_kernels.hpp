#pragma once

#include "core/types.hpp"

namespace qhn {

// Diagonal gates on registers; layout and conventions as in rotation_kernels.hpp.

/// e^{iφ(x)} as a product of two tables: low over the first `low_bits` qubits, high over the rest.
template <class T>
struct PhaseTable {
  int qubits = 0;
  int low_bits = 0;
  const T *low_re = nullptr, *low_im = nullptr;
  const T *high_re = nullptr, *high_im = nullptr;
};

/// table[x] (re, im) for all 2^count products of e^{iφ_q}: bit q of x multiplies by e^{iφ_q} =
/// cosine[q] + i sine[q]. The caller sets table[0], a factor of all entries.
template <class T>
void phase_products(const T* cosine, const T* sine, int count, T* re, T* im);

/// Multiplies every branch by e^{iφ(x)}. Items: rows of 2^low_bits elements.
template <class T>
void apply_phase(const PhaseTable<T>& table, T* data, int branches, Index begin, Index end);

/// Undoes apply_phase() on φ and λ. With p = Im(λ* φ) summed over branches, adds p to column[x_low]
/// and writes the row's sum to row[r]; ∂E/∂φ_q = −2 Σ_{bit q of x = 1} p_x follows from these sums.
template <class T>
void unapply_phase(const PhaseTable<T>& table, T* phi, T* lambda, int branches, Index begin,
                   Index end, T* column, double* row);

}  // namespace qhn
