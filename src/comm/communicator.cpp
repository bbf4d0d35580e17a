#include "comm/communicator.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace {

template <class Bytes>
void broadcast_resized(const Communicator& comm, Bytes& bytes, int root) {
  std::size_t length = bytes.size();
  comm.broadcast(length, root);
  bytes.resize(length);
  comm.broadcast_bytes(bytes.data(), length, root);
}

}  // namespace

Communicator::Communicator(MPI_Comm comm, bool owned) : comm_(comm), owned_(owned) {
  if (comm_ == MPI_COMM_NULL) return;
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Communicator::~Communicator() {
  if (!owned_ || comm_ == MPI_COMM_NULL) return;
  int ended = 0;
  MPI_Finalized(&ended);
  if (!ended) MPI_Comm_free(&comm_);
}

Communicator::Communicator(Communicator&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)),
      owned_(other.owned_),
      rank_(other.rank_),
      size_(other.size_) {}

Communicator& Communicator::operator=(Communicator other) noexcept {
  std::swap(comm_, other.comm_);
  std::swap(owned_, other.owned_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
  return *this;
}

Communicator Communicator::duplicate() const {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_Comm_dup(comm_, &copy);
  return {copy, true};
}

Communicator Communicator::split(int color) const {
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(comm_, color, rank_, &part);
  return {part, true};
}

Communicator Communicator::node() const {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  return {node, true};
}

int Communicator::first_on_node() const {
  int first = rank_;
  node().broadcast(first);
  return first;
}

std::vector<int> Communicator::nodes() const {
  const int mine = first_on_node();
  std::vector<int> all(static_cast<std::size_t>(size_));
  MPI_Allgather(&mine, 1, MPI_INT, all.data(), 1, MPI_INT, comm_);
  return all;
}

void Communicator::broadcast_bytes(void* data, std::size_t bytes, int root) const {
  constexpr std::size_t most = std::size_t{1} << 30;
  for (std::size_t at = 0; at < bytes; at += most)
    MPI_Bcast(static_cast<std::byte*>(data) + at, static_cast<int>(std::min(most, bytes - at)),
              MPI_BYTE, root, comm_);
}

void Communicator::broadcast(std::string& text, int root) const {
  broadcast_resized(*this, text, root);
}

void Communicator::broadcast(std::vector<std::byte>& bytes, int root) const {
  broadcast_resized(*this, bytes, root);
}

std::vector<std::string> Communicator::gather(std::string_view mine) const {
  const auto ranks = static_cast<std::size_t>(rank_ == 0 ? size_ : 0);
  const int length = static_cast<int>(mine.size());
  std::vector<int> lengths(ranks), starts(ranks);
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, comm_);
  int total = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    starts[r] = total;
    total += lengths[r];
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  MPI_Gatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR, 0,
              comm_);
  std::vector<std::string> parts;
  for (std::size_t r = 0; r < ranks; ++r)
    parts.push_back(
        all.substr(static_cast<std::size_t>(starts[r]), static_cast<std::size_t>(lengths[r])));
  return parts;
}

std::optional<RankFailure> Communicator::first_failure(std::optional<RankFailure> mine) const {
  const int candidate = mine ? rank_ : size_;
  int failed = size_;
  MPI_Allreduce(&candidate, &failed, 1, MPI_INT, MPI_MIN, comm_);
  if (failed == size_) return std::nullopt;
  RankFailure first = std::move(mine).value_or(RankFailure{});
  if (first.rank < 0) first.rank = rank_;
  broadcast(first.rank, failed);
  broadcast(first.input, failed);
  broadcast(first.message, failed);
  return first;
}

void Communicator::agree(const std::function<void()>& work) const {
  std::string failure;
  try {
    work();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  throw_agreed(comm_, failure);
}

void throw_agreed(MPI_Comm comm, const std::string& failure, int called) {
  const Communicator ranks(comm);
  std::optional<RankFailure> mine;
  if (!failure.empty()) mine = {failure, false, called};
  const auto first = ranks.first_failure(std::move(mine));
  if (!first) return;
  throw RunError(ranks.size() == 1 ? first->message
                                   : "rank " + std::to_string(first->rank) + ": " + first->message);
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
