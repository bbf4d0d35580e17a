#include "comm/node.hpp"

#include <thread>

namespace qhn {
namespace {

/// Returns work(communicator of the ranks of `comm` on this node).
template <class Work>
int on_node(MPI_Comm comm, const Work& work) {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  const int result = work(node);
  MPI_Comm_free(&node);
  return result;
}

}  // namespace

int ranks_on_node(MPI_Comm comm) {
  return on_node(comm, [](MPI_Comm node) {
    int ranks = 1;
    MPI_Comm_size(node, &ranks);
    return ranks;
  });
}

int first_on_node(MPI_Comm comm) {
  return on_node(comm, [comm](MPI_Comm node) {
    int first = 0;
    MPI_Comm_rank(comm, &first);
    MPI_Bcast(&first, 1, MPI_INT, 0, node);
    return first;
  });
}

void wait_asleep(MPI_Request& request, std::chrono::microseconds between_looks,
                 const std::function<void()>& meanwhile) {
  for (int done = 0; !done; MPI_Test(&request, &done, MPI_STATUS_IGNORE)) {
    if (meanwhile) meanwhile();
    std::this_thread::sleep_for(between_looks);
  }
}

void wait_asleep(MPI_Comm comm, const std::function<void()>& meanwhile) {
  MPI_Request all_here = MPI_REQUEST_NULL;
  MPI_Ibarrier(comm, &all_here);
  wait_asleep(all_here, std::chrono::milliseconds(20), meanwhile);
}

}  // namespace qhn
