#pragma once

#include <algorithm>
#include <bit>

#include "circuit/schedule.hpp"
#include "core/chunks.hpp"
#include "engine/cut_engine.hpp"

namespace qhn {

/// The table in blocks, one task each: blocks of 2^16 entries, larger ones if these would be more
/// than 256. Every row of blocks has its own sums over rows, every column of blocks its own sums
/// over columns.
struct CutBlocks {
  Index first_row;
  Chunks rows, columns;

  /// `own_rows` rows from first_row on.
  CutBlocks(Index first_row_, Index own_rows, Index all_columns)
      : CutBlocks(first_row_, own_rows, all_columns,
                  std::clamp(log2(own_rows) + log2(all_columns) - 16, 0, 8)) {}

  Index count() const { return rows.count * columns.count; }
  Index row(Index task) const { return task / columns.count; }
  Index column(Index task) const { return task % columns.count; }
  Index begin_row(Index task) const { return first_row + rows.begin(row(task)); }
  Index end_row(Index task) const { return first_row + rows.end(row(task)); }

 private:
  static int log2(Index n) { return std::countr_zero(n); }
  CutBlocks(Index first_row_, Index own_rows, Index all_columns, int bits)
      : first_row(first_row_),
        rows(own_rows, 1, Index{1} << (bits + 1) / 2),
        columns(all_columns, 1, Index{1} << bits / 2) {}
};

/// Sizes of the cut engine's arrays.
struct CutShape {
  Index rows;     ///< 2^high qubits
  Index columns;  ///< 2^low qubits
  int branches;
  bool paired;  ///< up to four branches: by real pair products (cut_engine.hpp)
  int terms;    ///< real rows of W and V: χ² pair products, or 2 χ planes
  int groups;   ///< branch_groups()
  CutBlocks blocks;

  /// For part `part` of `parts` equal parts of the table.
  explicit CutShape(const CutCircuit& cut, Index part = 0, Index parts = 1)
      : rows(dimension(cut.high.qubits)),
        columns(dimension(cut.low.qubits)),
        branches(cut.branches()),
        paired(branches <= 4),
        terms(paired ? branches * branches : 2 * branches),
        groups(branch_groups(cut)),
        blocks(rows / parts * part, rows / parts, columns) {}

  /// For real products: a table of 2^high rows and 2^low columns, V and W of `products` terms.
  CutShape(int high_qubits, int low_qubits, int products)
      : rows(dimension(high_qubits)),
        columns(dimension(low_qubits)),
        branches(0),
        paired(true),
        terms(products),
        groups(1),
        blocks(0, rows, columns) {}

  Index planes() const { return static_cast<Index>(2 * branches); }
  /// Elements from one term of the sums over columns to the next; re and im count separately if not
  /// paired.
  Index row_stride() const { return rows * (paired ? 1 : 2); }

  // Elements of the engine's arrays; their contents are described at the members.
  Index pair_rows() const { return paired ? static_cast<Index>(terms) * rows : 0; }
  Index pair_columns() const { return paired ? static_cast<Index>(terms) * columns : 0; }
  Index row_sums() const { return static_cast<Index>(terms) * row_stride(); }  // of one part
  Index column_sums() const { return static_cast<Index>(terms) * columns; }    // of one part
  Index coefficients() const { return paired ? 0 : 2 * planes() * rows; }
  Index elements() const {
    return pair_rows() + pair_columns() + blocks.columns.count * row_sums() +
           blocks.rows.count * column_sums() + coefficients() + 2 * planes() * (rows + columns);
  }
};

}  // namespace qhn
