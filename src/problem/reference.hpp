#pragma once

#include "problem/data.hpp"
#include "problem/network.hpp"

namespace qhn {

/// Loss and accuracy of network `w` by the formulas of docs/theory.md, Networks and losses, one
/// sample after the other. The fast enumeration is tested against it, and printed scores come from
/// it.
Score reference_score(const Network& network, const DataSet& data, Index w);

}  // namespace qhn
