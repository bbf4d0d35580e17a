#include "comm/agree.hpp"

#include "core/error.hpp"

namespace qhn {

void throw_agreed(MPI_Comm comm, const std::string& failure, int called) {
  int rank = 0, size = 1;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int mine = failure.empty() ? size : rank;
  int failed = size;
  MPI_Allreduce(&mine, &failed, 1, MPI_INT, MPI_MIN, comm);
  if (failed == size) return;

  int header[2] = {static_cast<int>(failure.size()), called < 0 ? rank : called};
  MPI_Bcast(header, 2, MPI_INT, failed, comm);
  std::string message = failure;
  message.resize(static_cast<std::size_t>(header[0]));
  MPI_Bcast(message.data(), header[0], MPI_CHAR, failed, comm);
  throw RunError(size == 1 ? message : "rank " + std::to_string(header[1]) + ": " + message);
}

}  // namespace qhn
