#include "campaign/distributed_shots.hpp"

#include <algorithm>
#include <vector>

namespace qhn {
namespace {

/// The lists of all ranks as one, sorted by network; on every rank.
std::vector<Measured> gather_everywhere(const Communicator& comm,
                                        const std::vector<Measured>& mine) {
  const auto count = static_cast<int>(mine.size());
  std::vector<int> counts(static_cast<std::size_t>(comm.size())), places{0};
  MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, comm);
  for (const int c : counts) places.push_back(places.back() + c);
  std::vector<Measured> all(static_cast<std::size_t>(places.back()));
  MPI_Datatype measured = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(sizeof(Measured), MPI_BYTE, &measured);
  MPI_Type_commit(&measured);
  MPI_Allgatherv(mine.data(), count, measured, all.data(), counts.data(), places.data(), measured,
                 comm);
  MPI_Type_free(&measured);
  std::ranges::sort(all, {}, &Measured::network);
  return all;
}

}  // namespace

Sampler distributed_sampler(const Group& group, DistributedSweep& sweep, const IndexMap& part,
                            std::span<const double> costs) {
  return [&group, &sweep, part, costs](std::span<const double> angles, std::uint64_t shots,
                                       const CounterRng& rng) {
    group.agree_to_go_on(angles);
    std::vector<Measured> mine;
    for (const auto& [w, count] : sweep.measure(angles, shots, rng))
      mine.push_back({w, count, costs[*part.find(w)], sweep.measured_probability(w)});
    return gather_everywhere(group.ranks().comm(), mine);
  };
}

}  // namespace qhn
