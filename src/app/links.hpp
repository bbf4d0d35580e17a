#pragma once

#include <mpi.h>

#include <cstddef>

namespace qhn {

/// The lowest rank but 0 on rank 0's node, or on another one; the number of ranks: there is none.
/// Collective.
int partner_of_zero(MPI_Comm comm, bool same_node);

/// Seconds of one message of `bytes` from rank 0 to `other`: half of a round trip, the median of
/// `times`, the first one dropped. Collective over the two; other ranks may call and get 0.
double message_seconds(MPI_Comm comm, int other, std::size_t bytes, int times);

/// Seconds in which rank 0 and `other` send each other `bytes`, both at once; likewise.
double swap_seconds(MPI_Comm comm, int other, std::size_t bytes, int times);

}  // namespace qhn
