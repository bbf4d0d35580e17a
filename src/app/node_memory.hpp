#pragma once

#include <mpi.h>

#include <memory>
#include <string>

#include "app/mpi_session.hpp"
#include "problem/sample_memory.hpp"

namespace qhn {

/// Samples of which the ranks of a node hold one copy together: one rank of each node reads them.
/// Where a node's ranks cannot have common memory, each holds its own, and one of them says so.
/// make() and share() are collective over the ranks of a node.
class NodeMemory : public SampleMemory {
 public:
  explicit NodeMemory(MPI_Comm world);  ///< collective
  ~NodeMemory() override;
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  /// Is this the rank of its node that reads?
  bool reads() const { return rank_ == 0; }
  /// What that rank has read, on all of them.
  DataSplit share(DataSplit data);

 protected:
  std::shared_ptr<void> place(std::size_t bytes, const std::function<void(void*)>& fill) override;

 private:
  DataSet share(DataSet data);

  MPI_Comm node_ = MPI_COMM_NULL;
  int rank_ = 0, ranks_ = 1;
  bool told_ = false;
};

/// Throws InputError where a node with so much available cannot read the data of `problem`.
void require_memory_for_data(const std::string& source, const ProblemOptions& problem,
                             double available);

/// The problem, its data once on every node; `data_sha256` is its Problem::data_sha256(). Throws
/// InputError on all ranks where one reads other data than rank 0. Collective.
std::unique_ptr<Problem> load_problem(MpiSession& session, const ProblemOptions& options,
                                      std::string& data_sha256);

}  // namespace qhn
