#pragma once

#include <mpi.h>

#include <cstddef>

namespace qhn {

/// Seconds of one message of `bytes` from rank 0 to `other`: half of a round trip, the median of
/// `times`, the first one dropped. Collective over the two; other ranks may call and get 0.
double message_seconds(MPI_Comm comm, int other, std::size_t bytes, int times);

/// Seconds in which rank 0 and `other` send each other `bytes`, both at once; likewise.
double swap_seconds(MPI_Comm comm, int other, std::size_t bytes, int times);

/// Until all ranks have come here this one sleeps instead of waiting busily: others need the cores.
/// Collective.
void wait_asleep(MPI_Comm comm);

}  // namespace qhn
