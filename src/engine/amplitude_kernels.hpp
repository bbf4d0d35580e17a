#pragma once

#include "core/types.hpp"

namespace qhn {

// Kernels on consecutive amplitudes: costs and probabilities. Pointers are 64-byte aligned unless
// `columns` is shorter than that; costs may have any alignment.

/// ψ → C ψ for one row of C and the rows (re, im) of ψ.
template <class T>
void scale_pair(const T* cost, Index columns, T* re, T* im);

/// re[c] ← re[c]² + im[c]².
template <class T>
void norms(T* re, const T* im, Index columns);

/// max_c values[c].
template <class T>
T largest(const T* values, Index columns);

/// Σ_c cost[c] (re[c]² + im[c]²).
template <class T>
double weighted_norm(const T* cost, const T* re, const T* im, Index columns);

}  // namespace qhn
