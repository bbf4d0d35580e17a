#pragma once

#include <memory>
#include <string>

#include "comm/communicator.hpp"
#include "comm/mpi_session.hpp"
#include "problem/sample_memory.hpp"

namespace qhn {

/// Samples in one copy shared by the ranks of a node; one rank of each node reads them. If a node
/// has no shared memory, each rank holds a copy and one logs a warning. make() and share() are
/// collective over the ranks of a node.
class NodeMemory : public SampleMemory {
 public:
  explicit NodeMemory(const Communicator& world) : node_(world.node()) {}  ///< collective

  /// Whether this rank reads the data of its node.
  bool reads() const { return node_.rank() == 0; }
  /// Returns the data of the reading rank on all ranks of the node.
  DataSplit share(DataSplit data);

 protected:
  std::shared_ptr<void> place(std::size_t bytes, const std::function<void(void*)>& fill) override;

 private:
  DataSet share(DataSet data);

  Communicator node_;
  bool told_ = false;
};

/// Throws InputError if reading the data of `problem` takes more than the `available` bytes of a
/// node.
void require_memory_for_data(const std::string& source, const ProblemOptions& problem,
                             double available);

/// Loads the problem, with one copy of its data per node; sets `data_sha256` to
/// Problem::data_sha256(). Throws InputError on all ranks if any rank reads other data than rank 0.
/// Collective.
std::unique_ptr<Problem> load_problem(MpiSession& session, const ProblemOptions& options,
                                      std::string& data_sha256);

}  // namespace qhn
