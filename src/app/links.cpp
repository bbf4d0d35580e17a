#include "app/links.hpp"

#include <algorithm>
#include <vector>

#include "dist/node.hpp"

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

int rank_of(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

}  // namespace

int partner_of_zero(MPI_Comm comm, bool same_node) {
  int ranks = 1;
  MPI_Comm_size(comm, &ranks);
  const int rank = rank_of(comm);
  const bool with_zero = first_on_node(comm) == 0;
  int partner = rank != 0 && with_zero == same_node ? rank : ranks;
  MPI_Allreduce(MPI_IN_PLACE, &partner, 1, MPI_INT, MPI_MIN, comm);
  return partner;
}

double message_seconds(MPI_Comm comm, int other, std::size_t bytes, int times) {
  const int rank = rank_of(comm);
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

double swap_seconds(MPI_Comm comm, int other, std::size_t bytes, int times) {
  const int rank = rank_of(comm);
  if (rank != 0 && rank != other) return 0.0;
  std::vector<char> out(bytes), in(bytes);
  const int count = static_cast<int>(bytes), partner = other - rank;
  return median_seconds(times, [&] {
    MPI_Sendrecv(out.data(), count, MPI_CHAR, partner, 0, in.data(), count, MPI_CHAR, partner, 0,
                 comm, MPI_STATUS_IGNORE);
  });
}

}  // namespace qhn
