#include "comm/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <limits>
#include <random>

#include "comm/communicator.hpp"

namespace qhn {
namespace {

using Name = std::array<char, 64>;  // empty: no shared memory

/// Creates shared memory and allocates all its pages; an empty name if that fails.
Name create(std::size_t length, int& file) {
  Name name{};
  try {
    std::random_device random;
    std::snprintf(name.data(), name.size(), "/qhn-%ld-%08x%08x", static_cast<long>(getpid()),
                  random(), random());
  } catch (const std::exception&) {  // not thrown on: other ranks wait for the name
    return {};
  }
  file = shm_open(name.data(), O_CREAT | O_EXCL | O_RDWR, S_IRUSR | S_IWUSR);
  if (file < 0) return {};
  if (length <= std::numeric_limits<off_t>::max()) {
    int error = 0;
    do error = posix_fallocate(file, 0, static_cast<off_t>(length));
    while (error == EINTR);
    if (error == 0) return name;
  }
  close(file);
  shm_unlink(name.data());
  file = -1;
  return {};
}

void* map(int file, std::size_t length) {
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

void* map_in_common(MPI_Comm node, std::size_t bytes) {
  const Communicator ranks(node);
  const int rank = ranks.rank();
  Name name{};
  int file = -1;
  if (rank == 0 && ranks.size() > 1) name = create(bytes, file);
  ranks.broadcast(name);
  if (rank > 0 && name[0] != '\0') file = shm_open(name.data(), O_RDWR, 0);
  void* memory = nullptr;
  if (file >= 0) {
    memory = map(file, bytes);
    close(file);
  }
  int seen = memory != nullptr;
  MPI_Allreduce(MPI_IN_PLACE, &seen, 1, MPI_INT, MPI_MIN, node);
  if (rank == 0 && name[0] != '\0') shm_unlink(name.data());  // each rank has mapped it or failed
  if (seen || memory == nullptr) return memory;
  munmap(memory, bytes);
  return nullptr;
}

}  // namespace qhn
