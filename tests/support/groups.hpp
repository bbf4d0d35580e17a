#pragma once

#include <mpi.h>

#include "comm/ranks.hpp"

namespace qhn {

/// Calls f(ranks) on the first 1, 2, 4, … ranks of the world; the others wait.
template <class F>
inline void on_powers_of_two(F f) {
  int size = 0, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int count = 1; count <= size; count *= 2) {
    MPI_Comm group = MPI_COMM_NULL;
    MPI_Comm_split(MPI_COMM_WORLD, rank < count ? 0 : MPI_UNDEFINED, rank, &group);
    if (group != MPI_COMM_NULL) {
      f(Ranks(group));
      MPI_Comm_free(&group);
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }
}

}  // namespace qhn
