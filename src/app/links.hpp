#pragma once

#include <mpi.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "predict/machine.hpp"

namespace qhn {

/// For every rank the lowest one on its node. Collective.
std::vector<int> nodes_of(MPI_Comm comm);

/// Which rank sends to which while a link is measured; -1: to none. `node_of` has a number for each
/// rank, the same for those of a node. On one node, rank 0's, neighbours are partners; between two,
/// rank 0's and that of the lowest rank elsewhere, the first ranks of both, the second ones, and so
/// on. The first entry is rank 0's.
std::vector<int> link_partners(std::span<const int> node_of, bool same_node);

/// Seconds of one message of `bytes` from rank 0 to `other`: half of a round trip, the median of
/// `times`, the first one dropped. Collective over the two; other ranks may call and get 0.
double message_seconds(MPI_Comm comm, int other, std::size_t bytes, int times);

/// Seconds in which all partners send each other `bytes`, all at once: the median of `times`, the
/// first one dropped, of the slowest pair. Collective.
double swap_seconds(MPI_Comm comm, std::span<const int> partners, std::size_t bytes, int times);

/// The link between these partners as a machine file states it: of a node what a rank has while all
/// of its ranks swap, of a network what all ranks of a node have together. Logs what it measures;
/// nullopt: rank 0 has no partner. Collective.
std::optional<Link> measure_link(MPI_Comm comm, std::span<const int> node_of, bool same_node);

}  // namespace qhn
