#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "perf/machine.hpp"

namespace qhn {

/// Returns the partner of each rank while a link is measured, -1 for none. `node_of` has one number
/// per rank, equal for ranks of one node. With `same_node`, neighboring ranks of rank 0's node are
/// partners. Without, the k-th ranks of two nodes are: rank 0's, and that of the lowest rank
/// outside it.
std::vector<int> link_partners(std::span<const int> node_of, bool same_node);

/// Returns the seconds of one message of `bytes` from rank 0 to `other`: half of a round trip,
/// median of `times` after one that is dropped. Collective over these two; other ranks may call it
/// and get 0.
double message_seconds(const Communicator& comm, int other, std::size_t bytes, int times);

/// Returns the seconds in which all partners exchange `bytes` both ways, all pairs at once: median
/// of `times` after one that is dropped, of the slowest pair. Collective.
double swap_seconds(const Communicator& comm, std::span<const int> partners, std::size_t bytes,
                    int times);

/// Measures and logs the link between partners, as a machine file states it. Within a node the
/// bandwidth is that of one rank while all its ranks exchange; between nodes it is the sum over the
/// ranks of a node. Returns nullopt if rank 0 has no partner. Collective.
std::optional<Link> measure_link(const Communicator& comm, std::span<const int> node_of,
                                 bool same_node);

}  // namespace qhn
