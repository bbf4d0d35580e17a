#pragma once

#include <string>
#include <vector>

#include "app/experiment.hpp"
#include "app/mpi_session.hpp"

namespace qhn {

// Ranks are processes of their own: each reads its own files, which need not be the same ones.

/// One thing that every rank was given: an option, a variable, or what was read from a file.
struct Given {
  std::string what;   ///< as the user wrote it
  std::string value;  ///< short, a hash, or lines "key = value"
  std::string where;  ///< the file behind it on this rank; empty: none
};

/// Throws the same InputError on all ranks where one has not exactly what rank 0 has: it names the
/// rank, its host, the file and what differs. Collective.
void require_same(MpiSession& session, const std::vector<Given>& mine);

/// … where the ranks were started with other command lines (but for --threads), builds of the
/// program, or environment variables that result fields depend on. To be called first. Collective.
void require_same_launch(MpiSession& session);

/// A file by its content.
Given given_file(const std::string& path);
/// The place that `path` stands for in this rank's working folder.
Given given_place(const std::string& option, const std::string& path);

/// Throws InputError where `path` can be read but once, by one process, as a pipe can, but is to be
/// read so many `times`.
void require_readable(const std::string& path, int times);

/// The experiment that was read from `path`, every key of the file and of `overrides`, and the
/// files that it names, but for its data.
std::vector<Given> given_experiment(const Experiment& experiment, const std::string& path,
                                    const std::vector<std::string>& overrides);
/// The files of its data, by their hashes. Reads them.
std::vector<Given> given_data(const ProblemOptions& problem);

/// The first difference between two values of a Given, in words.
std::string describe_difference(const std::string& rank_0, const std::string& here);

}  // namespace qhn
