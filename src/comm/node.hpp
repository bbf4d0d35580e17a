#pragma once

#include <mpi.h>

#include <chrono>
#include <functional>

namespace qhn {

/// Number of ranks of `comm` on this node. Collective.
int ranks_on_node(MPI_Comm comm);

/// The lowest rank of `comm` on this node. Collective.
int first_on_node(MPI_Comm comm);

/// Waits until `request` is complete. Sleeps `between_looks` between tests instead of spinning:
/// other ranks need the cores. Calls `meanwhile` before each sleep.
void wait_asleep(MPI_Request& request, std::chrono::microseconds between_looks,
                 const std::function<void()>& meanwhile = {});

/// A barrier that sleeps in the same way. Collective.
void wait_asleep(MPI_Comm comm, const std::function<void()>& meanwhile = {});

}  // namespace qhn
