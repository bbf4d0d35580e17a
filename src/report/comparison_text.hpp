#pragma once

#include <string>
#include <vector>

#include "report/comparison_input.hpp"

namespace qhn {

/// The limits of such a comparison, which stand before its tables.
std::string comparison_introduction(const ComparisonInput& input);

/// "gap below 1e-05 = 0.01 (mean - E_min) = 0.1 first gaps; one instance".
std::string describe_epsilon(const ComparisonInput& input);
/// How the joules of circuits, or of classical methods, were found.
std::string describe_joules(const ComparisonInput& input, bool circuits);
/// The cost of the table in TTS99 and ETS99.
std::string describe_table_costs(const ComparisonInput& input);

/// Restrictions of single numbers, which stand after the tables.
std::vector<std::string> comparison_remarks(const ComparisonInput& input);

}  // namespace qhn
