#pragma once

#include <span>
#include <string>

namespace qhn {

/// One object of campaign.h5, as its attributes describe it.
struct FieldMeaning {
  const char* path;         ///< "/restarts/gap"
  const char* unit;         ///< "1": a dimensionless number, "none": not a number; groups: null
  const char* shape;        ///< "[restarts, epsilons]"; groups: null
  const char* description;  ///< null: describe_best() gives it, by kind of campaign
};

/// Every group and dataset of campaign.h5 except /method and /provenance/slurm, whose attributes
/// are a list of their own.
std::span<const FieldMeaning> campaign_schema();

/// How the network of a restart was chosen.
enum class Chosen { most_probable, best_measured, returned };
/// "most probable", "best measured", "returned".
const char* to_string(Chosen chosen);
/// By the `method` of a campaign (empty: circuits) and `optimizer.name` in its experiment.
Chosen how_chosen(const std::string& method, const std::string& experiment);
/// Description of best_string, best_probability or best_cost.
std::string describe_best(const std::string& field, Chosen chosen);

}  // namespace qhn
