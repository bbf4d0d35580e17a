#pragma once

#include "core/types.hpp"

namespace qhn {

/// Dense kernels of the cut engine, on real matrices stored row by row: M is [rows][columns], V is
/// [terms][rows], W is [terms][columns]. `rows`, `columns` are powers of two; a tile is the rows
/// first … first + count − 1. Pointers are 64-byte aligned unless their
/// rows are shorter than that; M and costs may have any alignment.
template <class T>
struct Tile {
  Index first;    ///< first row
  Index count;    ///< rows in the tile
  Index columns;  ///< columns in the tile
  Index stride;   ///< elements from one row of M to the next
};

/// x[k][r] += Σ_c M[r][c] W[k][c] for the tile's rows; W has leading dimension w_stride, x has
/// x_stride. terms·count·columns multiply-adds; reads the tile once per four terms.
template <class T>
void reduce_columns(const Tile<T>& tile, const T* m, int terms, const T* w, Index w_stride, T* x,
                    Index x_stride);

/// y[k][c] += Σ_r M[r][c] V[k][r] over the tile's rows. As many multiply-adds.
template <class T>
void reduce_rows(const Tile<T>& tile, const T* m, int terms, const T* v, Index v_stride, T* y,
                 Index y_stride);

/// M[r][c] = Σ_k V[k][r] W[k][c].
template <class T>
void expand(const Tile<T>& tile, int terms, const T* v, Index v_stride, const T* w, Index w_stride,
            T* m);

/// products[·][x] of `branches` complex vectors a_k (planes re, im, re, im, … of `length`): first
/// the |a_k|², then for k < l the pairs Re a_k* a_l, Im a_k* a_l: branches² real rows.
template <class T>
void pair_products(const T* planes, int branches, Index length, T* products);

/// λ_k[x] = Σ_l H_kl[x] a_l[x], where `sums` holds the Hermitian H in the rows of pair_products.
/// Returns Σ_k,x Re a_k* λ_k.
template <class T>
double apply_pairs(const T* sums, const T* planes, int branches, Index length, T* lambda);

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
