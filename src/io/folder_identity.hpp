#pragma once

#include <functional>
#include <string>

namespace qhn {

/// The file DIR/campaign.identity, which says whose folder DIR is before there is any record: of
/// runs that start at once with different campaigns, one makes it and the others are refused. It is
/// written under a name of its own and then linked, which is atomic on NFS too; where a file system
/// knows no links, by an exclusive open. Where there are journals or a campaign.h5, they have the
/// last word.
class FolderIdentity {
 public:
  /// `explained`: the folder holds journals or a campaign.h5 of this campaign already. `deserted`,
  /// asked once another campaign's file has been seen: does the folder hold neither, and has no
  /// other run a claim on it, so that the run that made the file left nothing behind? A run claims
  /// its restarts before it makes the file. Throws InputError with what differs, RunError where the
  /// file cannot be written.
  FolderIdentity(const std::string& folder, const std::string& identity, bool explained,
                 const std::function<bool()>& deserted);
  /// Takes the file away where this run made it and leaves nothing else behind.
  ~FolderIdentity();
  FolderIdentity(const FolderIdentity&) = delete;
  FolderIdentity& operator=(const FolderIdentity&) = delete;

  /// Again, once this run's journals are there: throws InputError where the folder has become
  /// another campaign's meanwhile.
  void confirm() const;

 private:
  bool made_ = false;
  std::string folder_, path_, identity_;
};

/// What DIR/campaign.identity says; empty: there is none, nor does one come within `seconds`.
std::string folder_identity(const std::string& folder, double seconds = 0.0);

/// Makes it, over what is there.
void write_folder_identity(const std::string& folder, const std::string& identity);

/// "DIR: holds another campaign: …; allowed: …", with what differs and what to do.
std::string another_campaign(const std::string& folder, const std::string& there,
                             const std::string& here);

}  // namespace qhn
