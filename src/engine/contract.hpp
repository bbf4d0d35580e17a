#pragma once

#include <cstddef>

#include "core/types.hpp"

namespace qhn {

/// Dense kernels of the cut engine, on real matrices stored row by row: M is [rows][columns], V is
/// [terms][rows], W is [terms][columns]. `rows`, `columns` are powers of two; a tile is the rows
/// first … first + count − 1. Pointers are 64-byte aligned unless their rows are shorter than that;
/// M and costs may have any alignment.
template <class T>
struct Tile {
  Index first;    ///< first row
  Index count;    ///< rows in the tile
  Index columns;  ///< columns in the tile
  Index stride;   ///< elements from one row of M to the next
  /// Elements of M from this tile to the next one, which is prefetched; 0: no prefetch.
  std::ptrdiff_t ahead = 0;
};

/// x[k][r] += Σ_c M[r][c] W[k][c] for the tile's rows; W has leading dimension w_stride, x has
/// x_stride. terms·count·columns multiply-adds; reads the tile once per four terms.
template <class T>
void reduce_columns(const Tile<T>& tile, const T* m, int terms, const T* w, Index w_stride, T* x,
                    Index x_stride);

/// y[k][c] += Σ_r M[r][c] V[k][r] over the tile's rows. terms·count·columns multiply-adds.
template <class T>
void reduce_rows(const Tile<T>& tile, const T* m, int terms, const T* v, Index v_stride, T* y,
                 Index y_stride);

/// M[r][c] = Σ_k V[k][r] W[k][c].
template <class T>
void expand(const Tile<T>& tile, int terms, const T* v, Index v_stride, const T* w, Index w_stride,
            T* m);

/// C ψ for one tile of ψ[r][c] = Σ_k A_k[r] B_k[c]. `tile` describes the tile of C at `cost`: its
/// shape and its prefetch. `v` is A from interleave(): 2·branches rows of v_stride elements; `w`
/// are the planes of B. psi gets two packed rows (re, im) for every row of C. 4·branches
/// multiply-adds and 2 multiplications per entry of C.
template <class T>
void expand_weighted(const Tile<T>& tile, const T* cost, int branches, const T* v, Index v_stride,
                     const T* w, Index w_stride, T* psi);

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
