#pragma once

#include <mpi.h>

#include <chrono>
#include <functional>

namespace qhn {

// What the ranks of a node need to know of each other, and to spare each other.

/// Ranks of `comm` on this rank's node. Collective.
int ranks_on_node(MPI_Comm comm);

/// The lowest of `comm`'s ranks on this rank's node. Collective.
int first_on_node(MPI_Comm comm);

/// Until `request` is complete this rank sleeps instead of waiting busily: others need the cores.
/// At every look it calls `meanwhile`.
void wait_asleep(MPI_Request& request, std::chrono::microseconds between_looks,
                 const std::function<void()>& meanwhile = {});

/// The same until all ranks have come here. Collective.
void wait_asleep(MPI_Comm comm, const std::function<void()>& meanwhile = {});

}  // namespace qhn
