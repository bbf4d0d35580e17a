#include "campaign/trained_restart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "record/campaign_file.hpp"

namespace qhn {
namespace {

// Records stand in ascending id.
std::optional<RestartRecord> find(const CampaignReader& campaign, std::uint64_t id) {
  std::uint64_t first = 0, end = campaign.shape().count;
  while (first < end) {
    const std::uint64_t middle = first + (end - first) / 2;
    RestartRecord record = std::move(campaign.read(middle, 1).front());
    if (record.result.id == id) return record;
    if (record.result.id < id)
      first = middle + 1;
    else
      end = middle;
  }
  return std::nullopt;
}

}  // namespace

Experiment read_stored_experiment(const TrainedRestart& restart,
                                  const std::vector<std::string>& overrides) {
  const std::string path = campaign_path(restart.from);
  return read_experiment_text(CampaignReader(path).head().experiment, path, overrides);
}

void require_its_data(const TrainedRestart& restart, const std::string& data_sha256,
                      const std::vector<std::string>& overrides) {
  const auto changes = [](const std::string& change) { return change.starts_with("problem."); };
  if (std::ranges::any_of(overrides, changes)) return;
  const std::string path = campaign_path(restart.from);
  const std::string there = CampaignReader(path).head().provenance.data_sha256;
  if (!there.empty() && there != data_sha256)
    throw InputError(
        fmt::format("{}: was run with other data than is here now; allowed: the same data, in the "
                    "folder that its relative paths start from, or --set with keys of the problem",
                    path));
}

std::vector<NamedAngles> read_final_angles(const TrainedRestart& restart, std::size_t expected) {
  const std::string path = campaign_path(restart.from);
  const CampaignReader campaign(path);
  if (campaign.shape().angles == 0)
    throw InputError(
        fmt::format("{}: holds no angles; allowed: a campaign of qhn train with --set "
                    "restarts.keep_angles=true",
                    path));
  if (campaign.shape().angles != expected)
    throw InputError(
        fmt::format("{}: its restarts have {} angles, the circuit {}; allowed: --set "
                    "without keys of the circuit",
                    path, campaign.shape().angles, expected));
  std::vector<NamedAngles> found;
  const auto take = [&](RestartRecord&& record) {
    found.push_back({record.result.id, std::move(record.result.angles)});
  };
  if (restart.all) {
    campaign.for_each(take);
    return found;
  }
  std::optional<RestartRecord> record = find(campaign, *restart.id);
  if (!record)
    throw InputError(fmt::format("{}: --restart {}: is not there; the file holds {} restarts", path,
                                 *restart.id, campaign.shape().count));
  take(std::move(*record));
  return found;
}

void require_one_origin(const std::string& experiment, const std::string& angles,
                        const TrainedRestart& restart) {
  const bool file = !experiment.empty() && !angles.empty();
  const bool campaign = restart.given() && restart.all != restart.id.has_value();
  const bool any_of_file = !experiment.empty() || !angles.empty();
  const bool any_of_campaign = restart.given() || restart.id || restart.all;
  if (file == campaign || (file && any_of_campaign) || (campaign && any_of_file))
    throw InputError(
        "allowed: either EXPERIMENT with --angles FILE, or --from DIR with --restart ID or --all");
}

}  // namespace qhn
