#pragma once

#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "comm/mpi_session.hpp"

namespace qhn {

// Each rank reads its own files. These functions check that all ranks have the same input.

/// One input of a rank: an option, an environment variable, or the content of a file.
struct Given {
  std::string what;   ///< as the user wrote it
  std::string value;  ///< short, a hash, or lines "key = value"
  std::string where;  ///< the file behind it on this rank; empty: none
};

/// Throws the same InputError on all ranks unless every rank has exactly the input of rank 0. The
/// message names the rank, its host, the file and the difference. Collective.
void require_same(MpiSession& session, const std::vector<Given>& mine);

/// The same for command lines (without --threads), builds of qhn, and environment variables that
/// result fields depend on. Call first. Collective.
void require_same_launch(MpiSession& session);

/// A file, compared by the hash of its content.
Given given_file(const std::string& path);
/// An option that names a path, compared by the absolute path.
Given given_place(const std::string& option, const std::string& path);

/// Throws InputError if `path` is not a regular file (such as a pipe, which one process can read
/// once) and `times`, the number of reads, is not 1.
void require_readable(const std::string& path, int times);

/// The experiment that was read from `path`: every key of the file and of `overrides`, and the
/// files that it names, except its data.
std::vector<Given> given_experiment(const Experiment& experiment, const std::string& path,
                                    const std::vector<std::string>& overrides);
/// The data files of `problem`, compared by hash. Reads them.
std::vector<Given> given_data(const ProblemOptions& problem);

/// The differences between two values of a Given, in words, shortened to one line.
std::string describe_difference(const std::string& rank_0, const std::string& here);

}  // namespace qhn
