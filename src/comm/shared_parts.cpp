#include "comm/shared_parts.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

#include "comm/shared_memory.hpp"

namespace qhn {
namespace {

/// For each rank of `comm` its rank in `node`, or MPI_UNDEFINED.
std::vector<int> places(const Communicator& comm, const Communicator& node) {
  MPI_Group all = MPI_GROUP_NULL, here = MPI_GROUP_NULL;
  MPI_Comm_group(comm, &all);
  MPI_Comm_group(node, &here);
  std::vector<int> ranks(static_cast<std::size_t>(comm.size())), place(ranks.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  MPI_Group_translate_ranks(all, comm.size(), ranks.data(), here, place.data());
  MPI_Group_free(&all);
  MPI_Group_free(&here);
  return place;
}

}  // namespace

SharedParts::SharedParts(const Communicator& comm, const Communicator& node, std::size_t bytes)
    : place_(places(comm, node)) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  each_ = (bytes + page - 1) / page * page;
  length_ = each_ * static_cast<std::size_t>(node.size());
  memory_ = map_in_common(node, length_);
}

SharedParts::~SharedParts() {
  if (memory_) munmap(memory_, length_);
}

std::byte* SharedParts::part(int rank) const {
  const int place = place_[static_cast<std::size_t>(rank)];
  if (!memory_ || place == MPI_UNDEFINED) return nullptr;
  return static_cast<std::byte*>(memory_) + each_ * static_cast<std::size_t>(place);
}

}  // namespace qhn
