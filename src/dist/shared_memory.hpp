#pragma once

#include <mpi.h>

#include <cstddef>

namespace qhn {

/// `bytes` of zeros that the ranks of `node` see in common, each until it calls munmap(); null on
/// all of them where a node cannot have it (no room in /dev/shm, separate containers) or has one
/// rank. Made directly and not by MPI_Win_allocate_shared: that may hang when
/// there is no room, and its end is collective. Collective over `node`.
void* map_in_common(MPI_Comm node, std::size_t bytes);

}  // namespace qhn
