#pragma once

#include "problem/data.hpp"
#include "problem/network.hpp"

namespace qhn {

/// Loss and accuracy of network `w` by the formulas of spec section 3, one sample after the other:
/// the truth that the fast enumeration is tested against, and what scores are printed from.
Score reference_score(const Network& network, const DataSet& data, Index w);

}  // namespace qhn
