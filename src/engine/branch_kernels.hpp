#pragma once

#include "core/types.hpp"

namespace qhn {

// Kernels of the cut engine on the branches of one register (rotation_kernels.hpp): what the tiles'
// products (tile_kernels.hpp) take and give. Pointers are 64-byte aligned unless `count` is shorter
// than that.

/// products[·][x] of `branches` complex vectors a_k (planes re, im, re, im, … of `length`), for
/// `count` elements x: first the |a_k|², then for k < l the pairs Re a_k* a_l, Im a_k* a_l:
/// branches² real rows of `length`.
template <class T>
void pair_products(const T* planes, int branches, Index count, Index length, T* products);

/// λ_k[x] = Σ_l H_kl[x] a_l[x], where `sums` holds the Hermitian H in the rows of pair_products,
/// for `count` elements x of rows and planes of `length`. Returns Σ_k,x Re a_k* λ_k.
template <class T>
double apply_pairs(const T* sums, const T* planes, int branches, Index count, Index length,
                   T* lambda);

/// Coefficients that turn real products into complex ones, for `count` elements of the planes of A:
/// rows[2k][2h], rows[2k][2h+1] = Re, Im A_k[h]; rows[2k+1][2h], [2h+1] = −Im, Re A_k[h].
template <class T>
void interleave(const T* planes, int branches, Index count, Index plane_stride, T* rows,
                Index row_stride);

/// λ_k[h] = Σ_c λψ[h][c] B_k*[c] from the sums of products of the rows (re, im) of Cψ with the
/// planes of B: sums[2k][2h], [2h+1] with Re B_k, sums[2k+1] with Im B_k, for `count` elements h.
/// Returns Σ_k,h Re A_k* λ_k, A in `planes`.
template <class T>
double gather(const T* sums, Index sum_stride, const T* planes, int branches, Index count,
              Index plane_stride, T* lambda);

/// sum[i] += Σ_{p=1}^{parts−1} sum[p·part_stride + i] for i < count.
template <class T>
void add_parts(T* sum, Index parts, Index part_stride, Index count);

}  // namespace qhn
