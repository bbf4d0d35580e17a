#include "comm/ranks.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;  // of one message; MPI counts are int

struct Part {
  std::size_t begin, end;
  std::size_t middle() const { return begin + (end - begin) / 2; }
};

}  // namespace

Ranks::Ranks(MPI_Comm comm, int most_sharing) {
  const Communicator all(comm);
  if (!std::has_single_bit(static_cast<unsigned>(all.size())))
    throw InputError("a state is distributed over 1, 2, 4, 8, … ranks, not " +
                     std::to_string(all.size()));
  comm_ = all.duplicate();
  const Communicator whole_node = comm_.node();
  node_ = whole_node.split(whole_node.rank() / most_sharing);
}

template <class T>
void swap_with(MPI_Comm comm, int partner, std::span<const T> send, std::span<T> receive) {
  constexpr std::size_t most = most_bytes / sizeof(T);
  const std::size_t longest = std::max(send.size(), receive.size());
  for (std::size_t at = 0; at < longest; at += most) {
    const auto out = send.subspan(std::min(at, send.size()));
    const auto in = receive.subspan(std::min(at, receive.size()));
    const auto bytes = [most](std::size_t count) {
      return static_cast<int>(std::min(count, most) * sizeof(T));
    };
    MPI_Sendrecv(out.data(), bytes(out.size()), MPI_BYTE, partner, 0, in.data(), bytes(in.size()),
                 MPI_BYTE, partner, 0, comm, MPI_STATUS_IGNORE);
  }
}

template <class T>
void Ranks::sum(std::span<T> values) const {
  const double began = MPI_Wtime();
  received_.resize((values.size() + 1) / 2);
  T* received = reinterpret_cast<T*>(received_.data());
  std::vector<Part> taken;  // before each halving
  Part own{0, values.size()};
  for (int step = 1; step < size(); step *= 2) {
    taken.push_back(own);
    const bool upper = rank() & step;
    const Part mine = upper ? Part{own.middle(), own.end} : Part{own.begin, own.middle()};
    const Part other = upper ? Part{own.begin, own.middle()} : Part{own.middle(), own.end};
    traffic_.summed_bytes += (other.end - other.begin) * sizeof(T);
    swap_with<T>(comm_, rank() ^ step, values.subspan(other.begin, other.end - other.begin),
                 {received, mine.end - mine.begin});
    for (std::size_t i = mine.begin; i < mine.end; ++i) values[i] += received[i - mine.begin];
    own = mine;
  }
  for (int step = size() / 2; step > 0; step /= 2) {
    const Part whole = taken.back();
    taken.pop_back();
    const Part other =
        rank() & step ? Part{whole.begin, whole.middle()} : Part{whole.middle(), whole.end};
    traffic_.summed_bytes += (own.end - own.begin) * sizeof(T);
    swap_with<T>(comm_, rank() ^ step, values.subspan(own.begin, own.end - own.begin),
                 values.subspan(other.begin, other.end - other.begin));
    own = whole;
  }
  ++traffic_.sums;
  traffic_.seconds += MPI_Wtime() - began;
}

MostProbable Ranks::most_probable(const MostProbable& mine) const {
  std::vector<MostProbable> all(static_cast<std::size_t>(size()));
  MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, comm_);
  return *std::max_element(all.begin(), all.end(), less_probable);
}

Counts Ranks::gather(const Counts& mine) const {
  static_assert(sizeof(Counts::value_type) == 2 * sizeof(std::uint64_t));
  constexpr std::size_t most = most_bytes / sizeof(Counts::value_type);
  std::uint64_t length = mine.size();
  if (rank() > 0) {
    MPI_Send(&length, 1, MPI_UINT64_T, 0, 0, comm_);
    for (std::size_t at = 0; at < mine.size(); at += most)
      MPI_Send(&mine[at], static_cast<int>(2 * std::min(most, mine.size() - at)), MPI_UINT64_T, 0,
               0, comm_);
    return {};
  }
  Counts all = mine;
  for (int from = 1; from < size(); ++from) {
    MPI_Recv(&length, 1, MPI_UINT64_T, from, 0, comm_, MPI_STATUS_IGNORE);
    std::size_t at = all.size();
    all.resize(at + length);
    for (; at < all.size(); at += most)
      MPI_Recv(&all[at], static_cast<int>(2 * std::min(most, all.size() - at)), MPI_UINT64_T, from,
               0, comm_, MPI_STATUS_IGNORE);
  }
  std::sort(all.begin(), all.end());
  return all;
}

template void Ranks::sum(std::span<double>) const;
template void Ranks::sum(std::span<float>) const;
template void swap_with(MPI_Comm, int, std::span<const double>, std::span<double>);
template void swap_with(MPI_Comm, int, std::span<const float>, std::span<float>);

}  // namespace qhn
