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

}  // namespace qhn
