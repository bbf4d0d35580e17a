#pragma once

#include <mpi.h>

#include <cstddef>

namespace qhn {

/// `bytes` of zeros shared by the ranks of `node`, each of which releases them with munmap(). Null
/// on all ranks if the node cannot share memory (/dev/shm full, separate containers) or has one
/// rank. Not made by MPI_Win_allocate_shared, which may hang if /dev/shm is full and whose release
/// is collective. Collective over `node`.
void* map_in_common(MPI_Comm node, std::size_t bytes);

}  // namespace qhn
