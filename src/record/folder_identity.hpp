#pragma once

#include <functional>
#include <string>

namespace qhn {

/// The file DIR/campaign.identity names the campaign of DIR before any record exists. Of runs of
/// different campaigns that start at once, one makes it and the others fail. It is written under a
/// temporary name and then linked, which is atomic on NFS too; on a file system without links it is
/// opened exclusively. Journals and a campaign.h5 take precedence over it.
class FolderIdentity {
 public:
  /// `explained`: the folder already holds journals or a campaign.h5 of this campaign. `deserted`
  /// is called if the file names another campaign. It returns true if the folder holds neither and
  /// no other run has a claim on it, so that the file is a leftover: a run claims its restarts
  /// before it makes the file. Throws InputError with the differences, RunError if the file cannot
  /// be written.
  FolderIdentity(const std::string& folder, const std::string& identity, bool explained,
                 const std::function<bool()>& deserted);
  /// Removes the file if this run made it and left nothing else.
  ~FolderIdentity();
  FolderIdentity(const FolderIdentity&) = delete;
  FolderIdentity& operator=(const FolderIdentity&) = delete;

  /// Checks again, once this run's journals exist: throws InputError if the folder now belongs to
  /// another campaign.
  void confirm() const;

 private:
  bool made_ = false;
  std::string folder_, path_, identity_;
};

/// The identity in DIR/campaign.identity; empty: no file, even after waiting `seconds`.
std::string folder_identity(const std::string& folder, double seconds = 0.0);

/// Writes the file, replacing an old one.
void write_folder_identity(const std::string& folder, const std::string& identity);

/// The message "DIR: holds another campaign: …; allowed: …", with differences and remedies.
std::string another_campaign(const std::string& folder, const std::string& there,
                             const std::string& here);

}  // namespace qhn
