#include "cli/links.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace qhn {
namespace {

template <class Once>
double median_seconds(int times, Once once) {
  std::vector<double> seconds;
  for (int i = 0; i <= times; ++i) {
    const double start = MPI_Wtime();
    once();
    if (i > 0) seconds.push_back(MPI_Wtime() - start);
  }
  std::nth_element(seconds.begin(), seconds.begin() + times / 2, seconds.end());
  return seconds[static_cast<std::size_t>(times / 2)];
}

}  // namespace

std::vector<int> link_partners(std::span<const int> node_of, bool same_node) {
  std::vector<int> partners(node_of.size(), -1), here, there;
  for (std::size_t r = 0; r < node_of.size(); ++r) {
    std::vector<int>& ranks = node_of[r] == node_of[0] ? here : there;
    if (ranks.empty() || node_of[r] == node_of[static_cast<std::size_t>(ranks.front())])
      ranks.push_back(static_cast<int>(r));
  }
  const auto pair = [&](int a, int b) {
    partners[static_cast<std::size_t>(a)] = b;
    partners[static_cast<std::size_t>(b)] = a;
  };
  if (same_node)
    for (std::size_t k = 1; k < here.size(); k += 2) pair(here[k - 1], here[k]);
  else
    for (std::size_t k = 0; k < std::min(here.size(), there.size()); ++k) pair(here[k], there[k]);
  return partners;
}

double message_seconds(const Communicator& comm, int other, std::size_t bytes, int times) {
  const int rank = comm.rank();
  if (rank != 0 && rank != other) return 0.0;
  std::vector<char> buffer(bytes);
  const int count = static_cast<int>(bytes);
  return median_seconds(times,
                        [&] {
                          for (const int sender : {0, other}) {
                            if (rank == sender)
                              MPI_Send(buffer.data(), count, MPI_CHAR, other - sender, 0, comm);
                            else
                              MPI_Recv(buffer.data(), count, MPI_CHAR, sender, 0, comm,
                                       MPI_STATUS_IGNORE);
                          }
                        }) /
         2.0;
}

double swap_seconds(const Communicator& comm, std::span<const int> partners, std::size_t bytes,
                    int times) {
  const int partner = partners[static_cast<std::size_t>(comm.rank())];
  double seconds = 0.0;
  if (partner >= 0) {
    std::vector<char> out(bytes), in(bytes);
    const int count = static_cast<int>(bytes);
    seconds = median_seconds(times, [&] {
      MPI_Sendrecv(out.data(), count, MPI_CHAR, partner, 0, in.data(), count, MPI_CHAR, partner, 0,
                   comm, MPI_STATUS_IGNORE);
    });
  }
  wait_asleep(comm);  // ranks without a partner must not occupy cores
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm);
  return seconds;
}

std::optional<Link> measure_link(const Communicator& comm, std::span<const int> node_of,
                                 bool same_node) {
  const std::vector<int> partners = link_partners(node_of, same_node);
  const int other = partners[0];
  if (other < 0) return std::nullopt;
  const auto pairs = std::ranges::count_if(partners, [](int p) { return p >= 0; }) / 2;
  const bool speaks = comm.rank() == 0;
  if (speaks)
    spdlog::info("link between ranks 0 and {}, {}; both ways at once: {} pair{} of ranks", other,
                 same_node ? "on one node" : "on two nodes", pairs, pairs == 1 ? "" : "s");
  Link link;
  for (const std::size_t bytes : {std::size_t{8}, std::size_t{1} << 12, std::size_t{1} << 16,
                                  std::size_t{1} << 20, std::size_t{1} << 24}) {
    const int times = bytes < 1 << 20 ? 500 : 30;
    const double one_way = message_seconds(comm, other, bytes, times);
    wait_asleep(comm);
    const double both = swap_seconds(comm, partners, bytes, times);
    const double rate = static_cast<double>(bytes) / both;
    if (speaks)
      spdlog::info("{:>9} bytes: {:.3g} µs one way, {:.3g} µs both ways at once ({:.3g} GB/s each)",
                   bytes, 1e6 * one_way, 1e6 * both, 1e-9 * rate);
    if (bytes == 8) link.latency = one_way;
    // Messages of an exchange are smaller, but are read from a state that exceeds the cache.
    if (bytes == 1 << 24) link.bandwidth = same_node ? rate : static_cast<double>(pairs) * rate;
  }
  return link;
}

}  // namespace qhn
