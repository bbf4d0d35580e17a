#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"

namespace qhn {

/// A restart of a campaign, or all, whose experiment and final angles are wanted again.
struct TrainedRestart {
  std::string from;                 ///< folder of a campaign, or campaign.h5; empty: none
  std::optional<std::uint64_t> id;  ///< of the restart
  bool all = false;

  bool given() const { return !from.empty(); }
};

/// A vector of angles and whose it is.
struct NamedAngles {
  std::optional<std::uint64_t> restart;  ///< nullopt: from a file
  std::vector<double> angles;
};

/// The experiment that the campaign stores, with `overrides` on top. Throws InputError.
Experiment read_stored_experiment(const TrainedRestart& restart,
                                  const std::vector<std::string>& overrides);

/// Throws InputError if the campaign was run with data of another hash than `data_sha256`, unless
/// `overrides` change the problem.
void require_its_data(const TrainedRestart& restart, const std::string& data_sha256,
                      const std::vector<std::string>& overrides);

/// The final angles, in ascending id. Throws InputError if the campaign lacks the restart or kept
/// no angles, or if their number is not `expected`, that of the circuit.
std::vector<NamedAngles> read_final_angles(const TrainedRestart& restart, std::size_t expected);

/// Throws InputError unless a verb is given either an experiment with a file of angles, or a
/// campaign with the id of a restart or `all`.
void require_one_origin(const std::string& experiment, const std::string& angles,
                        const TrainedRestart& restart);

}  // namespace qhn
