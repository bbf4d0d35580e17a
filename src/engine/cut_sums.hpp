#pragma once

#include <algorithm>
#include <cstddef>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/branch_kernels.hpp"
#include "engine/cut_shape.hpp"

namespace qhn {

/// What the table's blocks add up: x, sums over columns, and y, sums over rows.
template <class T>
class CutSums {
 public:
  explicit CutSums(const CutShape& shape)
      : shape_(shape),
        x_(shape.blocks.columns.count * shape.row_sums()),
        y_(shape.blocks.rows.count * shape.column_sums()) {}

  /// The sums of block `task`. Blocks of one column share x, blocks of one row share y.
  T* x(Index task = 0) { return x_.data() + shape_.blocks.column(task) * shape_.row_sums(); }
  T* y(Index task = 0) { return y_.data() + shape_.blocks.row(task) * shape_.column_sums(); }

  void clear_x() { std::ranges::fill(x_, T{0}); }
  void clear_x(Index task) {
    const Index each = shape_.row_stride() / shape_.rows;
    const Index begin = each * shape_.blocks.begin_row(task);
    const Index end = each * shape_.blocks.end_row(task);
    for (T* at = x(task); at < x(task) + shape_.row_sums(); at += shape_.row_stride())
      std::fill(at + begin, at + end, T{0});
  }
  void clear_y(Index task) {
    const Chunks& columns = shape_.blocks.columns;
    const Index column = shape_.blocks.column(task);
    for (T* at = y(task); at < y(task) + shape_.column_sums(); at += shape_.columns)
      std::fill(at + columns.begin(column), at + columns.end(column), T{0});
  }

  /// y() and x() += those of the other blocks, for `count` elements of a side.
  void add_rows_of_blocks(Index at, Index count) {
    for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k)
      add_parts(y_.data() + k * shape_.columns + at, shape_.blocks.rows.count, shape_.column_sums(),
                count);
  }
  void add_columns_of_blocks(Index at, Index count) {
    const Index each = shape_.row_stride() / shape_.rows;
    for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k)
      add_parts(x_.data() + k * shape_.row_stride() + each * at, shape_.blocks.columns.count,
                shape_.row_sums(), each * count);
  }

  std::size_t bytes() const { return sizeof(T) * (x_.size() + y_.size()); }

 private:
  const CutShape& shape_;
  AlignedVector<T> x_;  ///< [column of blocks][terms][rows]
  AlignedVector<T> y_;  ///< [row of blocks][terms][columns]
};

}  // namespace qhn
