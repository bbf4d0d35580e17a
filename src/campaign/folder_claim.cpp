#include "campaign/folder_claim.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "campaign/restart.hpp"
#include "core/error.hpp"
#include "record/identity.hpp"

namespace qhn {

FolderClaim::FolderClaim(const std::filesystem::path& path, double stale)
    : made_(path), folder_(path.string()), stale_(stale) {}

void FolderClaim::read_header() { before_ = campaign_header(folder_); }

bool FolderClaim::take_up(const std::string& identity, const Experiment& experiment, IdRange slice,
                          const std::atomic<bool>& stop) {
  identity_ = identity;
  slice_ = slice;
  require_this_campaign();
  self_ = this_process(slice_);
  try {
    claim(stop);
  } catch (const Abandoned&) {
    return false;
  }
  whose_.emplace(folder_, identity_, before_.has_value(), [&] {
    const auto claims = list_claims(folder_, stale_);
    return journal_paths(folder_).empty() &&
           std::none_of(claims.begin(), claims.end(), [&](const ClaimState& other) {
             return other.live && other.holder.run != self_.run;
           });
  });
  read_header();  // again: another run may have started the campaign meanwhile
  require_this_campaign();
  find_missing(experiment);
  return true;
}

void FolderClaim::require_this_campaign() const {
  if (before_ && !same_campaign(before_->identity, identity_))
    throw InputError(another_campaign(folder_, before_->identity, identity_));
}

void FolderClaim::claim(const std::atomic<bool>& stop) {
  std::string waits_for;
  try {
    claim_.emplace(
        folder_, self_, stale_,
        [](const ClaimState& other) {
          spdlog::warn("taking over from a run whose heartbeat was lost {:.0f} s ago: {}",
                       other.age, describe(other.holder));
        },
        [&](const ClaimState& other) {
          if (stop) throw Abandoned{};
          if (waits_for == other.holder.run || other.age < 1.0) return;
          waits_for = other.holder.run;
          spdlog::info(
              "{}: waiting for another run that is claiming restarts, {:.0f} s at most: {}",
              folder_, stale_, describe(other.holder));
        });
  } catch (const InputError&) {  // prefer a message of what differs between campaigns
    const std::string there = folder_identity(folder_, 1.0);
    if (there.empty() || same_campaign(there, identity_)) throw;
    throw InputError(another_campaign(folder_, there, identity_));
  }
}

void FolderClaim::find_missing(const Experiment& experiment) {
  const std::uint64_t count = experiment.restart_count;
  prefix_ = PrefixCount(slice_.first, slice_.end(), experiment.epsilons.back(), experiment.rule);
  IdSet done;
  if (before_) {
    FolderScan scan = scan_campaign(folder_, [this](FoundRecord&& found) {
      const RestartResult& result = found.record.result;
      if (!found.again) prefix_.add(result.id, result.gap);
    });
    for (const std::string& line : describe_damage(scan, liveness(claims())))
      spdlog::warn("{}", line);
    file_is_whole_ = scan.file_end == count;
    done = std::move(scan.done);
    checkpoints_ = std::move(scan.begun);
  }
  if (done.end() > count)
    throw InputError(
        fmt::format("{}: {} restarts requested, but restart {} is already finished; allowed: at "
                    "least {} (the number of restarts can be raised, not lowered)",
                    folder_, count, done.end() - 1, done.end()));
  missing_ = done.missing({slice_.first, prefix_.end() - slice_.first});
  done_before_ = done.count(slice_);
  if (done.size() > 0)
    spdlog::info(
        "{}: {} of {} restarts are already finished{}", folder_, done.count({0, count}), count,
        checkpoints_.empty() ? std::string()
                             : fmt::format(", {} continue from a checkpoint", checkpoints_.size()));
}

std::uint64_t FolderClaim::missing_count() const {
  std::uint64_t count = 0;
  for (const IdRange& range : missing_) count += range.count;
  return count;
}

std::uint64_t FolderClaim::missing_in(const FolderScan& scan) const {
  const IdRange mine{slice_.first, prefix_.end() - slice_.first};
  return mine.count - scan.done.count(mine);
}

void FolderClaim::release() {
  whose_.reset();
  claim_.reset();
}

}  // namespace qhn
