#pragma once

#include <span>
#include <string>

namespace qhn {

/// What one object of campaign.h5 is, as its attributes say it.
struct FieldMeaning {
  const char* path;         ///< "/restarts/gap"
  const char* unit;         ///< "1": a number without dimension, "none": no number; groups: null
  const char* shape;        ///< "[restarts, epsilons]"; groups: null
  const char* description;  ///< null: describe_best() says it, by the kind of campaign
};

/// Every group and dataset of campaign.h5 but /method and /provenance/slurm, whose attributes are
/// a list of their own.
std::span<const FieldMeaning> campaign_schema();

/// How the network of a restart was chosen.
enum class Chosen { most_probable, best_measured, returned };
/// "most probable", "best measured", "returned".
const char* to_string(Chosen chosen);
/// Of a campaign of `method` (empty: circuits) and `optimizer.name` in its experiment.
Chosen how_chosen(const std::string& method, const std::string& experiment);
/// What best_string, best_probability, best_cost then are.
std::string describe_best(const std::string& field, Chosen chosen);

}  // namespace qhn
