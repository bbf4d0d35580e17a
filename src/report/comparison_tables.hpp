#pragma once

#include <string>
#include <vector>

#include "report/comparison_input.hpp"

namespace qhn {

/// The tables of Comparison, each with full enumeration as its last row.
std::vector<ComparedTable> comparison_tables(const ComparisonInput& input);

/// One line for each method with shots and criterion of success: the wall power, or the rate of
/// shots, at which the central case of the projected hardware takes as many joules to solution as
/// the best row of the table "classical". Empty without that table.
std::vector<std::string> break_even_remarks(const ComparisonInput& input,
                                            const std::vector<ComparedTable>& tables);

}  // namespace qhn
